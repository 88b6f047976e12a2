// The command line as it is installed:
//
//   DIR/bin/jetpack        the front where a C compiler was at hand, else a link to the next
//   DIR/bin/jetpack-node   runs the bundle with Node 24
//   DIR/bin/healthcheck    runs all health checks once, by the first
//   DIR/lib/jetpack/       the bundle: jetpack.cjs, which asks the daemon; commands.cjs with all commands, loaded when there is something
//                          left to do, each run only when it is called; beside it what only traces need, which is twenty times as
//                          large, and what a few commands do with files
//
// Most of a run is the start of Node and of the bundle. So it is CommonJS: an import of one of Node's own modules from an ES module
// has all of that module's members made, also those that Node would make when they are first used. And what Node compiled of
// the commands is kept beside them, for each user who may write there.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { compileFront } from '../cli/front/compile.ts';
import { handoverIn } from '../cli/handover.ts';
import { systemClock } from '../effects/clock.ts';
import { systemRandom, uuid7 } from '../effects/random.ts';
import { launcher } from './launcher.ts';

export interface CommandLine {
  readonly jetpack: string;
  readonly nodeForm: string;
  /** Whether `jetpack` is the front. */
  readonly front: boolean;
  /** Why it is not: completes "`jetpack` runs in Node, for ...". */
  readonly withoutFront?: string;
}

const root = path.resolve(import.meta.dirname, '..');

/** What few runs need, and would take the others time to read. */
const apart = {
  traced: 'cli/traced.ts',
  'trace-carrier': 'telemetry/trace-carrier.ts',
  'make-report': 'cli/report/make-report.ts',
  'fetch-blob': 'node/projects/fetch-blob.ts',
  'project-tests': 'cli/project-tests.ts',
  'last-known': 'node/last-known.ts',
};

/** Leaves the imports of these to be imports of the files beside. */
const keptApart: Plugin = {
  name: 'kept apart',
  setup(builder) {
    builder.onResolve({ filter: new RegExp(`/(${Object.keys(apart).join('|')})\\.ts$`) }, ({ kind, path: file }) =>
      kind === 'dynamic-import' ? { path: `./${path.basename(file, '.ts')}.mjs`, external: true } : undefined,
    );
  },
};

/** Parts of Node that take a while to load and that few runs use. */
const builtins = ['node:child_process', 'node:crypto', 'node:net', 'node:tty'];

/** Not a class, and promised in the usual way: a function that calls it does as well. */
const isPlain = (name: string, member: unknown): boolean => typeof member === 'function' && /^[a-z]/.test(name) && !(promisify.custom in member);

/** Loads those when a function of theirs is first called, however early they are imported. An import of anything else fails to build. */
const lateBuiltins: Plugin = {
  name: 'late builtins',
  setup(builder) {
    builder.onResolve({ filter: new RegExp(`^(${builtins.join('|')})$`) }, ({ namespace, path: name }) => {
      return namespace === 'late' ? { path: name, external: true } : { path: name, namespace: 'late' };
    });
    builder.onLoad({ filter: /./, namespace: 'late' }, async ({ path: builtin }) => {
      const found: Readonly<Record<string, unknown>> = await import(builtin);
      const members = Object.keys(found).filter((name) => name !== 'default' && isPlain(name, found[name]));
      const functions = members.map((name) => `export const ${name} = (...given) => require('${builtin}').${name}(...given);`);
      const whole = `export default /* @__PURE__ */ new Proxy({}, { get: (_, name) => require('${builtin}')[name] });`;
      return { contents: [...functions, whole].join('\n') };
    });
  },
};

const what = 'The command line of a node, in Node: what the front leaves to it, and all of it where there is no front.';

/** In place of the import of the commands: what only asks is so small that it gains nothing by what Node kept of it. */
const loadCommands = `require('node:module').enableCompileCache(require('node:path').join(__dirname, 'compiled'));
module.exports = require('./commands.cjs');
`;

/** Leaves the commands out of what asks the daemon, which loads them when something is left to do. */
const lateCommands: Plugin = {
  name: 'late commands',
  setup(builder) {
    builder.onResolve({ filter: /^\.\/(main\.ts|commands\.cjs)$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'commands', namespace: 'commands' } : { path: './commands.cjs', external: true },
    );
    builder.onLoad({ filter: /./, namespace: 'commands' }, () => ({ contents: loadCommands }));
  },
};

/** In place of what is at `jetpack` in one step. Undefined when it is the front, else why it is not. */
const placeFront = async (jetpack: string): Promise<string | undefined> => {
  const compiled = await compileFront(jetpack);
  if (compiled.type === 'compiled') return undefined;
  const link = `${jetpack}.${process.pid}.link`;
  await rm(link, { force: true });
  await symlink('jetpack-node', link);
  await rename(link, jetpack);
  return compiled.type === 'failed' ? `the front cannot be compiled: ${compiled.reason}` : 'no C compiler was found';
};

export const buildCommandLine = async (to: string, node = process.execPath): Promise<CommandLine> => {
  const [bin, lib] = [path.join(to, 'bin'), path.join(to, 'lib', 'jetpack')];
  const commandLine = { jetpack: path.join(bin, 'jetpack'), nodeForm: path.join(bin, 'jetpack-node') };
  await mkdir(bin, { recursive: true });
  await rm(lib, { recursive: true, force: true });
  const common = { absWorkingDir: root, outdir: lib, bundle: true, platform: 'node', target: 'node24', minifySyntax: true, minifyWhitespace: true, logLevel: 'silent' } as const;
  const commonJs = { ...common, outExtension: { '.js': '.cjs' }, format: 'cjs', define: { 'import.meta.dirname': '__dirname' } } as const;
  await build({ ...commonJs, entryPoints: { jetpack: 'cli/start.ts' }, plugins: [lateCommands, lateBuiltins] });
  await build({ ...commonJs, entryPoints: { commands: 'cli/main.ts' }, plugins: [keptApart, lateBuiltins] });
  await build({
    ...common,
    entryPoints: apart,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    // CommonJS packages among what is bundled ask for Node's own modules.
    banner: { js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);" },
  });
  const entry = path.join(lib, 'jetpack.cjs');
  await writeFile(commandLine.nodeForm, launcher({ what, node, entry }), { mode: 0o755 });
  // Loads the commands, of which Node keeps what it compiles; a daemon that runs on this machine is not asked.
  const env = { ...process.env, ...handoverIn({ id: uuid7(systemClock.now(), systemRandom), waitedMs: 0 }) };
  await promisify(execFile)(node, [entry, '--version'], { env });
  await copyFile(path.join(root, 'bin', 'healthcheck'), path.join(bin, 'healthcheck'));
  const withoutFront = await placeFront(commandLine.jetpack);
  return withoutFront === undefined ? { ...commandLine, front: true } : { ...commandLine, front: false, withoutFront };
};
