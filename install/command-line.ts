// The command line as it is installed:
//
//   DIR/bin/jetpack        the front where a C compiler was at hand, else a link to the next
//   DIR/bin/jetpack-node   runs the bundle with Node 24
//   DIR/lib/jetpack/       the bundle: jetpack.mjs with all commands, each run only when it is called; beside it what only traces
//                          need, which is twenty times as large, and what a few commands do with files
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { compileFront } from '../cli/front/compile.ts';
import { fail, ok, type Result } from '../protocol/result.ts';

export interface CommandLine {
  readonly jetpack: string;
  readonly nodeForm: string;
  /** Whether `jetpack` is the front. */
  readonly front: boolean;
}

const root = path.resolve(import.meta.dirname, '..');

/** What few runs need, and would take the others time to read. */
const apart = {
  traced: 'cli/traced.ts',
  'trace-carrier': 'telemetry/trace-carrier.ts',
  'make-report': 'cli/report/make-report.ts',
  'fetch-blob': 'node/projects/fetch-blob.ts',
  'project-tests': 'cli/project-tests.ts',
};

const entries = { jetpack: 'cli/main.ts', ...apart };

/** Leaves the imports of these to be imports of the files beside. */
const keptApart: Plugin = {
  name: 'kept apart',
  setup(builder) {
    builder.onResolve({ filter: new RegExp(`/(${Object.keys(apart).join('|')})\\.ts$`) }, ({ kind, path: file }) =>
      kind === 'dynamic-import' ? { path: `./${path.basename(file, '.ts')}.mjs`, external: true } : undefined,
    );
  },
};

/** For a shell, between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** `node`: absolute path of a Node 24. */
const launcher = (node: string, entry: string): string => `#!/bin/sh
# The command line of a node, in Node: what the front leaves to it, and all of it where there is no front.
exec ${quoted(node)} --disable-warning=ExperimentalWarning ${quoted(entry)} "$@"
`;

/** Fails with `config_invalid` when the compiler that is there cannot compile the front. */
export const buildCommandLine = async (to: string, node = process.execPath): Promise<Result<CommandLine>> => {
  const [bin, lib] = [path.join(to, 'bin'), path.join(to, 'lib', 'jetpack')];
  const commandLine = { jetpack: path.join(bin, 'jetpack'), nodeForm: path.join(bin, 'jetpack-node') };
  await mkdir(bin, { recursive: true });
  await rm(lib, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: lib,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    // CommonJS packages among what is bundled ask for Node's own modules.
    plugins: [keptApart],
    banner: { js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);" },
    logLevel: 'silent',
  });
  await writeFile(commandLine.nodeForm, launcher(node, path.join(lib, 'jetpack.mjs')), { mode: 0o755 });
  await rm(commandLine.jetpack, { force: true });
  const compiled = await compileFront(commandLine.jetpack);
  if (compiled.type === 'failed') return fail('config_invalid', `the front cannot be compiled: ${compiled.output}`);
  if (compiled.type === 'no compiler') await symlink('jetpack-node', commandLine.jetpack);
  return ok({ ...commandLine, front: compiled.type === 'compiled' });
};
