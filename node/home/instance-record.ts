// run/instance.json: which instance this home was served as last, under which ids before, and in which boot of which machine. A disk image
// carries a home to other machines; what it brought of the first one must not speak for the second: neither messages that wait, nor
// the first one's identity on the broker.
//
// Outbox, state and run-once markers know whose they are by themselves (node/owned-file.ts). What has no owner written into it is
// set aside here: what waits in the spool and what scripts have marked as done from before this machine began, and connection.json while
// it is the very one that the other instance used.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { asideName, setAside } from '../../storage/set-aside.ts';
import { keepJetpackIni } from '../config/jetpack-ini.ts';
import { readTreeFile } from '../config/tree-file.ts';
import type { MachineIdentity } from '../metadata/machine-identity.ts';
import { writeDurably } from './durable-file.ts';
import type { HomePaths } from './paths.ts';
import { systemCode } from './system-error.ts';
import { withUmask } from './umask.ts';

/** Where a home is served, and in which boot. */
export type ServedMachine = Pick<MachineIdentity, 'id' | 'bootId'>;

/** Which instance serves a home now. */
export interface ServingInstance {
  readonly id: string;
  /** Other ids under which this same machine has run. */
  readonly knownAs: readonly string[];
  readonly machine?: ServedMachine | undefined;
  /** connection.json, when the node has its identity from there. */
  readonly identityFile?: string | undefined;
}

const recordFile = (run: string): string => path.join(run, 'instance.json');

const digestOf = (file: string | undefined): string | undefined => {
  if (file === undefined) return undefined;
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
};

interface InstanceRecord {
  readonly instance: string;
  /** Other ids under which that machine has served this home; absent: nobody wrote them down. */
  readonly names: readonly string[] | undefined;
  readonly machine: ServedMachine | undefined;
  readonly identity: string | undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** Undefined when there is none that says anything. */
export const readRecord = (run: string): InstanceRecord | undefined => {
  const found = readTreeFile(recordFile(run));
  if (found.type !== 'good') return undefined;
  const { bootId, identity, instance, machine, names } = found.tree;
  if (!isText(instance)) return undefined;
  return {
    instance,
    names: Array.isArray(names) ? names.filter(isText) : undefined,
    machine: isText(machine) && isText(bootId) ? { id: machine, bootId } : undefined,
    identity: isText(identity) ? identity : undefined,
  };
};

const isOf = ({ instance }: InstanceRecord, { id, knownAs }: ServingInstance): boolean => instance === id || knownAs.includes(instance);

/** The record of another machine, if that is what there is. */
const foreignRecord = (run: string, serving: ServingInstance): InstanceRecord | undefined => {
  const record = readRecord(run);
  return record === undefined || isOf(record, serving) ? undefined : record;
};

/**
 * The other ids under which what is kept in this home is this machine's own: those under which it has served it. Hardware outlives an
 * instance, so that its id alone says nothing: none of them counts when the home was served as another instance since.
 */
export const ownNames = (run: string, serving: ServingInstance): readonly string[] => {
  const record = readRecord(run);
  if (record === undefined) return serving.knownAs;
  if (!isOf(record, serving)) return [];
  return [...new Set([record.instance, ...(record.names ?? serving.knownAs)])].filter((name) => name !== serving.id);
};

/**
 * Sets a connection.json aside that another instance used as it is, and fails with `instance_changed`. One that was written since is
 * this machine's own. What programs are told of that identity goes with it.
 */
export const refuseForeignIdentity = (run: string, serving: ServingInstance, at: number): Result<void> => {
  const record = foreignRecord(run, serving);
  const { identityFile } = serving;
  if (record?.identity === undefined || identityFile === undefined || digestOf(identityFile) !== record.identity) return ok(undefined);
  try {
    const aside = setAside(identityFile, 'it is the identity of another instance', at);
    keepJetpackIni(path.dirname(identityFile), undefined);
    const whose = `${identityFile} is the identity of instance ${record.instance}, and this is instance ${serving.id}`;
    return fail('instance_changed', `${whose}: it was set aside as ${aside.path}; enroll this machine, or give --cluster, --node and --amqp`);
  } catch (error) {
    return fail('home_unusable', `${identityFile} is another instance's, and cannot be set aside (${systemCode(error)})`);
  }
};

export interface Beginning {
  /** The instance that this home was of before, when this is another machine. */
  readonly before: string | undefined;
  /** What was set aside. */
  readonly aside: readonly string[];
}

/** Wall clock, milliseconds. */
export interface BeginningTimes {
  readonly at: number;
  /** When the machine began, or the container that it is. */
  readonly begunAt: number;
}

/** The files of a folder that were there before the machine began. */
const olderIn = (folder: string, begunAt: number): readonly string[] =>
  readdirSync(folder).filter((name) => {
    const status = lstatSync(path.join(folder, name), { throwIfNoEntry: false });
    return status !== undefined && status.mtimeMs < begunAt;
  });

/** Moves these out of a folder. Where they lie now; nowhere when there are none. */
const moveAside = (folder: string, files: readonly string[], at: number): readonly string[] => {
  if (files.length === 0) return [];
  const aside = asideName(folder, at);
  for (const file of files) {
    const place = path.join(aside, file);
    withUmask(0o027, () => mkdirSync(path.dirname(place), { recursive: true }));
    renameSync(path.join(folder, file), place);
  }
  return [aside];
};

/** Of what waits and what scripts have marked as done, all from before the machine began: what came since is its own. */
const setOlderAside = ({ chefState, rejected, spool }: HomePaths, { at, begunAt }: BeginningTimes): readonly string[] => {
  const inner = path.basename(rejected);
  const waiting = [...olderIn(spool, begunAt).filter((name) => name !== inner), ...olderIn(rejected, begunAt).map((name) => path.join(inner, name))];
  return [...moveAside(spool, waiting, at), ...moveAside(chefState, olderIn(chefState, begunAt), at)];
};

/** Sets aside what another instance left, and writes down whose home it is now. Fails with `home_unusable`. */
export const beginAs = (paths: HomePaths, serving: ServingInstance, times: BeginningTimes): Result<Beginning> => {
  const { id, identityFile, machine } = serving;
  const record = foreignRecord(paths.run, serving);
  const file = recordFile(paths.run);
  const identity = digestOf(identityFile);
  const content = { instance: id, names: ownNames(paths.run, serving), ...(machine && { machine: machine.id, bootId: machine.bootId }), ...(identity !== undefined && { identity }) };
  try {
    const aside = record === undefined ? [] : setOlderAside(paths, times);
    writeDurably(file, `${file}.new`, `${JSON.stringify(content)}\n`, 0o600);
    return ok({ before: record?.instance, aside });
  } catch (error) {
    return fail('home_unusable', `${file} cannot be written (${systemCode(error)})`);
  }
};
