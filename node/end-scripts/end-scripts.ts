// Scripts that somebody registered for the end of the node, and how each is run.
//
// Whoever may write such a file has what it does done by the daemon's user, so it is looked at when it is to run, and not when it
// was registered: a file itself and no link, with an execute bit, in the hands of those the daemon trusts (node/checks/refusal.ts),
// and so is every folder on the way to it: whoever may write one of them puts another file in its place.
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { EndScript, EndScripts } from '../../actors/node/lifecycle/ports.ts';
import type { ScriptResult, ScriptRunner } from '../../actors/node/scripts.ts';
import { refusalOf } from '../checks/refusal.ts';
import { systemCode } from '../home/system-error.ts';
import { untrustedFolder } from './untrusted-folder.ts';

export interface EndScriptsPorts {
  /** The node's home. */
  readonly home: string;
  /** Takes what they write, a file each. */
  readonly logs: string;
  /** The folder of the `jetpack` command; it stands first on their PATH. */
  readonly binFolder: string;
  /** The daemon's PATH. */
  readonly searchPath: string;
  readonly runner: ScriptRunner;
  /** Default five minutes. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 300_000;
const anyExecuteBit = 0o111;

const notRun = (reason: string): ScriptResult => ({ ending: { type: 'unstartable', reason }, tail: '', bytes: 0, durationMs: 0, warnings: [] });

/** Why it is not run; completes "it …". */
const refusal = async (file: string): Promise<string | undefined> => {
  try {
    const status = await lstat(file);
    if (status.isSymbolicLink()) return 'is a link, and others may change what it leads to: register the file itself';
    if (!status.isFile()) return 'is no file';
    if ((status.mode & anyExecuteBit) === 0) return 'has no execute bit';
    return refusalOf('', status) ?? (await untrustedFolder(file));
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there any more' : `cannot be looked at (${code})`;
  }
};

export const createEndScripts = ({ binFolder, home, logs, runner, searchPath, timeoutMs = defaultTimeoutMs }: EndScriptsPorts): EndScripts => ({
  async run({ arguments: given, path: file }: EndScript, run, place, signal) {
    const why = await refusal(file);
    if (why !== undefined) return notRun(why);
    return runner.run({
      id: run,
      file,
      arguments: given,
      cwd: path.dirname(file),
      env: { CYCLECLOUD_HOME: home, JETPACK_HOME: home, PATH: `${binFolder}:${searchPath}` },
      timeoutMs,
      output: path.join(logs, `${String(place).padStart(2, '0')}-${path.basename(file)}.out`),
      keepsBackground: false,
      signal,
    });
  },
  endLeftovers: (runs) => runner.endLeftovers(runs),
});
