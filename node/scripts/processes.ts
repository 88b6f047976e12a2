// Finding what a job started, from /proc: its group and session, all that descends from it, and everything that has its mark
// in the environment, for a process may make a session of its own and outlive its parent. What cleared its environment as well
// is out of reach. A process that has ended and waits to be noticed (a zombie) counts as gone.
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { runMark } from './environment.ts';

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Ticks of the kernel since the boot. */
  readonly startedAt: number;
  readonly gone: boolean;
}

/** The process a job began with: first of its group and of its session. */
export interface Leader {
  readonly pid: number;
  readonly startedAt: number;
}

/** A process of a job. */
export interface Running {
  readonly pid: number;
  /** Nobody else's processes are in it: only what a job started can join a job's groups. Undefined for this process's own. */
  readonly group: number | undefined;
}

/** Files of /proc read at a time. */
const atOnce = 64;

/** proc(5): the name in brackets may hold anything, brackets too, so fields are counted from its end. */
const parseStat = (pid: number, text: string): ProcessRow | undefined => {
  const [state, parent, group, session, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startedAt = Number(rest[15]);
  if (state === undefined || !Number.isFinite(startedAt)) return undefined;
  return { pid, parent: Number(parent), group: Number(group), session: Number(session), startedAt, gone: state === 'Z' || state === 'X' };
};

/** Right after `spawn`: a child is there, ended or not, until the event loop has noticed its end. */
export const leaderOf = (pid: number): Leader => {
  try {
    return { pid, startedAt: parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'))?.startedAt ?? 0 };
  } catch {
    return { pid, startedAt: 0 };
  }
};

/** The group of a leader; undefined when its number was given out again, which the kernel does only when nothing is left of the group. */
export const groupOf = ({ pid, startedAt }: Leader): number | undefined => {
  const now = leaderOf(pid).startedAt;
  return now === 0 || now === startedAt ? pid : undefined;
};

const collect = async <T, U>(items: readonly T[], each: (item: T) => Promise<U | undefined>): Promise<U[]> => {
  const found: U[] = [];
  for (let from = 0; from < items.length; from += atOnce) {
    for (const one of await Promise.all(items.slice(from, from + atOnce).map(each))) if (one !== undefined) found.push(one);
  }
  return found;
};

/** Processes come and go while they are looked at: one whose file cannot be read is not there. */
const textOf = (pid: number, file: 'stat' | 'environ'): Promise<string> => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '');

const readAll = async (): Promise<readonly ProcessRow[]> => {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  return collect(pids, async (pid) => parseStat(pid, await textOf(pid, 'stat')));
};

const marked = async (rows: readonly ProcessRow[], ids: readonly string[]): Promise<readonly number[]> => {
  const marks = new Set(ids.map((id) => `${runMark}=${id}`));
  return collect(rows, async ({ pid }) => ((await textOf(pid, 'environ')).split('\0').some((entry) => marks.has(entry)) ? pid : undefined));
};

const ofLeader = (rows: readonly ProcessRow[], leader: Leader): readonly number[] => {
  // Its number was given out again: then nothing is left of its group, for the kernel keeps the number while there is.
  if (rows.some(({ pid, startedAt }) => pid === leader.pid && startedAt !== leader.startedAt)) return [];
  return rows.filter(({ pid, group, session }) => [pid, group, session].includes(leader.pid)).map(({ pid }) => pid);
};

const withDescendants = (rows: readonly ProcessRow[], roots: Iterable<number>): ReadonlySet<number> => {
  const children = Map.groupBy(rows, ({ parent }) => parent);
  const found = new Set(roots);
  // A set is walked in the order of adding, and what is added on the way is walked too.
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child.pid);
  return found;
};

/** Processes that still run of these jobs; of one whose leader is known also those without its mark. Never this process. */
export const findProcesses = async (ids: readonly string[], leader?: Leader): Promise<readonly Running[]> => {
  const since = leader?.startedAt ?? 0;
  const all = await readAll();
  const ownGroup = all.find(({ pid }) => pid === process.pid)?.group;
  const rows = all.filter(({ gone, pid, startedAt }) => !gone && pid !== process.pid && startedAt >= since);
  const roots = [...(leader === undefined ? [] : ofLeader(rows, leader)), ...(await marked(rows, ids))];
  const found = withDescendants(rows, roots);
  return rows.filter(({ pid }) => found.has(pid)).map(({ group, pid }) => ({ pid, group: group === ownGroup ? undefined : group }));
};
