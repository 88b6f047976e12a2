// jetpackd and cycle-server as they are installed, beside the command line (command-line.ts):
//
//   DIR/bin/jetpackd, DIR/bin/cycle-server   run the bundles with Node 24
//   DIR/lib/*.mjs                            the bundles, and what they share or load only when it is asked for (telemetry's exporters)
//
// The files stand flat in lib/: each finds the launchers at ../bin, as the sources do.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { launcher } from './launcher.ts';

const root = path.resolve(import.meta.dirname, '..');

const entries = { jetpackd: 'node/main.ts', 'cycle-server': 'server/main.ts' } as const;

/** `node`: absolute path of a Node 24. */
export const buildDaemons = async (to: string, node = process.execPath): Promise<void> => {
  const [bin, lib] = [path.join(to, 'bin'), path.join(to, 'lib')];
  await mkdir(bin, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: lib,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    // CommonJS packages among what is bundled ask for Node's own modules.
    banner: { js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);" },
    logLevel: 'silent',
  });
  for (const name of Object.keys(entries)) {
    await writeFile(path.join(bin, name), launcher({ what: `${name}, as it is installed.`, node, entry: path.join(lib, `${name}.mjs`) }), { mode: 0o755 });
  }
};
