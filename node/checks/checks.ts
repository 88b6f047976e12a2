// The health checks of a node: the scripts in config/healthcheck.d, and how each is run.
//
// Whoever may write such a file has what it does done by the daemon's user, so one that others may write, or that is another user's,
// is not run, and none of a folder of which that is true. Others are everyone, and a group, whichever it is, where the daemon is root,
// else any but its own. Each run has a working folder of its own, named by the run; what a crash of the daemon left, folders and
// processes, goes before the first run of the next life.
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Checks, CheckScript } from '../../actors/node/health/checks.ts';
import type { ScriptResult, ScriptRunner } from '../../actors/node/scripts.ts';
import type { Logger } from '../../effects/logger.ts';
import { fail, ok } from '../../protocol/result.ts';
import { systemCode } from '../home/system-error.ts';
import { refusalOf } from './refusal.ts';

export interface ChecksPorts {
  /** The node's home. */
  readonly home: string;
  /** The folder of the `jetpack` command; it stands first on a check's PATH. */
  readonly binFolder: string | undefined;
  /** The daemon's PATH. */
  readonly searchPath: string | undefined;
  readonly runner: ScriptRunner;
  readonly logger: Logger;
  /** Default 60 s. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 60_000;

const ignoredEnds = ['~', '.bak', '.disabled', '.md', '.txt', '.json'];
const scriptEnds = ['.sh', '.py'];
const anyExecuteBit = 0o111;

const workFolder = /^check-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const isMeant = (name: string): boolean => !name.startsWith('.') && !ignoredEnds.some((end) => name.endsWith(end));

/** A name as it may stand in an event and a log. */
const shownName = (name: string): string => name.replaceAll(/\p{Cc}/gu, '\u{FFFD}');

export const createChecks = ({ home, binFolder, searchPath, runner, logger, timeoutMs = defaultTimeoutMs }: ChecksPorts): Checks => {
  const folder = path.join(home, 'config', 'healthcheck.d');
  const scratch = path.join(home, 'system', 'scratch');
  const searched = [binFolder, searchPath].filter((part) => part !== undefined && part !== '').join(':');

  /** Ends and removes what an earlier life left. */
  const tidy = async (): Promise<void> => {
    await mkdir(scratch, { recursive: true, mode: 0o750 });
    const left = (await readdir(scratch)).flatMap((name) => workFolder.exec(name)?.[1] ?? []);
    const ended = await runner.endLeftovers(left);
    if (ended > 0) logger.info(`ended ${ended} processes of health checks that were running when the daemon last stopped`);
    for (const id of left) await rm(path.join(scratch, `check-${id}`), { recursive: true, force: true });
  };
  let tidied: Promise<void> | undefined;

  const look = async (name: string, folderRefusal: string | undefined): Promise<CheckScript | undefined> => {
    const file = path.join(folder, name);
    const status = await lstat(file).catch(() => undefined);
    const check = { name: shownName(name), file };
    // It went away meanwhile, or its name is no text and cannot be said back to the system.
    if (status === undefined) return name.includes('\u{FFFD}') ? { ...check, refusal: 'has a name that is not valid UTF-8: rename it' } : undefined;
    if (status.isSymbolicLink()) return { ...check, refusal: 'is a link, and others may change what it leads to: put the file itself there' };
    if (!status.isFile() || ((status.mode & anyExecuteBit) === 0 && !scriptEnds.some((end) => name.endsWith(end)))) return undefined;
    return { ...check, refusal: folderRefusal ?? refusalOf('', status) };
  };

  const notRun = (reason: string): ScriptResult => ({ ending: { type: 'unstartable', reason }, tail: '', bytes: 0, durationMs: 0, warnings: [] });

  return {
    async list() {
      try {
        const names = (await readdir(folder)).filter(isMeant);
        const folderRefusal = refusalOf('lies in a folder that ', await lstat(folder));
        const checks = await Promise.all(names.map((name) => look(name, folderRefusal)));
        return ok(checks.filter((check) => check !== undefined));
      } catch (error) {
        const code = systemCode(error);
        return code === 'ENOENT' ? ok([]) : fail('file_unreadable', `${folder} cannot be read (${code})`);
      }
    },
    async run({ file, name }, signal) {
      const id = randomUUID();
      const cwd = path.join(scratch, `check-${id}`);
      try {
        await (tidied ??= tidy());
        await mkdir(cwd, { mode: 0o700 });
      } catch (error) {
        tidied = undefined;
        return notRun(`could not be given a working folder in ${scratch} (${systemCode(error)})`);
      }
      try {
        const env = { CYCLECLOUD_HOME: home, JETPACK_HOME: home, JETPACK_CHECK: name, ...(searched !== '' && { PATH: searched }) };
        return await runner.run({ id, file, cwd, env, timeoutMs, keepsBackground: false, signal });
      } finally {
        await rm(cwd, { recursive: true, force: true }).catch((error: unknown) => {
          logger.warn(`the working folder of the check ${name} cannot be removed (${systemCode(error)})`, { path: cwd });
        });
      }
    },
  };
};
