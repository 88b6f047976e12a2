// run/instance.json: which instance this home was served as last. A disk image carries a home to other machines; what it brought of
// the first one must not speak for the second: neither messages that wait, nor the first one's identity on the broker.
//
// Outbox, state and run-once markers know whose they are by themselves (node/owned-file.ts). What has no owner written into it is
// set aside here: the spool, and connection.json while it is the very one that the other instance used.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { setAside } from '../../storage/set-aside.ts';
import { readTreeFile } from '../config/tree-file.ts';
import { writeDurably } from './durable-file.ts';
import type { HomePaths } from './paths.ts';
import { prepareSpool } from './prepare.ts';
import { systemCode } from './system-error.ts';

/** Which instance serves a home now. */
export interface ServingInstance {
  readonly id: string;
  /** Other ids under which this same machine has run. */
  readonly knownAs: readonly string[];
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
  readonly identity: string | undefined;
}

const readRecord = (run: string): InstanceRecord | undefined => {
  const found = readTreeFile(recordFile(run));
  if (found.type !== 'good') return undefined;
  const { identity, instance } = found.tree;
  return typeof instance === 'string' ? { instance, identity: typeof identity === 'string' ? identity : undefined } : undefined;
};

/** The record of another machine, if that is what there is. */
const foreignRecord = (run: string, { id, knownAs }: ServingInstance): InstanceRecord | undefined => {
  const record = readRecord(run);
  return record === undefined || record.instance === id || knownAs.includes(record.instance) ? undefined : record;
};

/**
 * Sets a connection.json aside that another instance used as it is, and fails with `instance_changed`. One that was written since is
 * this machine's own.
 */
export const refuseForeignIdentity = (run: string, serving: ServingInstance, at: number): Result<void> => {
  const record = foreignRecord(run, serving);
  const { identityFile } = serving;
  if (record?.identity === undefined || identityFile === undefined || digestOf(identityFile) !== record.identity) return ok(undefined);
  try {
    const aside = setAside(identityFile, 'it is the identity of another instance', at);
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

/** Sets aside what another instance left to be sent, and writes down whose home it is now. Fails with `home_unusable`. */
export const beginAs = (paths: HomePaths, serving: ServingInstance, at: number): Result<Beginning> => {
  const record = foreignRecord(paths.run, serving);
  const file = recordFile(paths.run);
  const identity = digestOf(serving.identityFile);
  const aside: string[] = [];
  try {
    if (record !== undefined && readdirSync(paths.spool).some((name) => name !== path.basename(paths.rejected))) {
      aside.push(setAside(paths.spool, 'it is of another instance', at).path);
      const prepared = prepareSpool(paths);
      if (!prepared.ok) return prepared;
    }
    writeDurably(file, `${file}.new`, `${JSON.stringify({ instance: serving.id, ...(identity === undefined ? {} : { identity }) })}\n`, 0o600);
  } catch (error) {
    return fail('home_unusable', `${file} cannot be written (${systemCode(error)})`);
  }
  return ok({ before: record?.instance, aside });
};
