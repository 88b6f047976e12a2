// Run-once markers: a script that ended well leaves a file that says so, for this content on this machine. Whoever deletes it
// has the script run again.
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { StepStanding } from '../../actors/node/converge/ports.ts';
import { parseJson } from '../../protocol/json.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { writeDurably } from '../home/durable-file.ts';
import { systemCode } from '../home/system-error.ts';
import { withUmask } from '../home/umask.ts';

export interface Marker {
  readonly sha256: string;
  /** The machine it ran on: an image of its disk carries the marker to others, where nothing has run. */
  readonly instanceId: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
  /** Of the project. */
  readonly version: string;
  /** The converge, and its run of the script. */
  readonly run: string;
  readonly job: string;
}

/** A marker has a few hundred bytes. */
const largest = 16_384;

const readBounded = async (file: string): Promise<Buffer> => {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(largest);
    const { bytesRead } = await handle.read(buffer, 0, largest, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

const decode = (bytes: Uint8Array): Marker | undefined => {
  const parsed = parseJson(bytes);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return undefined;
  const { at, instanceId, job, run, sha256, version } = parsed.value as Readonly<Record<string, unknown>>; // an object, each member looked at
  const texts = { sha256, instanceId, version, run: run ?? '', job: job ?? '' };
  if (typeof at !== 'number' || Object.values(texts).some((text) => typeof text !== 'string')) return undefined;
  return { at, ...(texts as Record<keyof typeof texts, string>) }; // all of them are strings, as was just seen
};

/** Undefined when there is none. Fails, with the reason for a warning, when there is one that says nothing. */
export const readMarker = async (file: string): Promise<Result<Marker | undefined, string>> => {
  try {
    const marker = decode(await readBounded(file));
    return marker === undefined ? { ok: false, error: `the marker ${file} is damaged and counts as none` } : ok(marker);
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? ok(undefined) : { ok: false, error: `the marker ${file} cannot be read (${code}) and counts as none` };
  }
};

/** `instanceIds`: those of this machine. */
export const standingOf = (marker: Marker | undefined, sha256: string, instanceIds: readonly string[]): StepStanding => {
  if (marker === undefined || !instanceIds.includes(marker.instanceId)) return 'will run';
  return marker.sha256 === sha256 ? 'has run' : 'changed since it ran';
};

/** Durable when it resolves. Fails with `state_unwritable`. */
export const writeMarker = (file: string, marker: Marker): Result<void> => {
  try {
    withUmask(0o027, () => mkdirSync(path.dirname(file), { recursive: true }));
    writeDurably(file, path.join(path.dirname(file), '.new'), `${JSON.stringify(marker)}\n`, 0o640);
    return ok(undefined);
  } catch (error) {
    return fail('state_unwritable', `the marker ${file} cannot be written (${systemCode(error)})`);
  }
};

/** Makes a marker that counts under another of this machine's ids one of the id it has now: the other may come to be another machine's. */
export const renewMarker = (file: string, marker: Marker, instanceId: string): Result<void> => (marker.instanceId === instanceId ? ok(undefined) : writeMarker(file, { ...marker, instanceId }));
