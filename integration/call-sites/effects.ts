// What calls bring about beyond their output: events at the server, files, health checks that ran.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { assertNever } from '../../protocol/result.ts';
import type { TestNode } from './homes.ts';
import { blobPlaces } from './locker.ts';
import type { Effect, Fields } from './rows.ts';
import type { Observed } from './run-program.ts';

/** An event as the server keeps it, its place in the store and what the node wrote. */
export interface SeenEvent {
  readonly position: number;
  readonly fields: Fields;
}

/** Says what is missing; undefined when all is there. */
export type Judge = (observed: Observed) => Promise<string | undefined>;

/** Where the fixture's health checks and tests note that they ran. */
const notes = (home: string): readonly string[] => {
  const file = path.join(home, 'ran.noted');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
};

const valuesIn = (value: unknown): readonly unknown[] => (typeof value === 'object' && value !== null ? Object.values(value).flatMap(valuesIn) : [value]);

const has = (event: Fields, fields: Fields, says: readonly unknown[]): boolean => {
  const values = valuesIn(event);
  return Object.entries(fields).every(([name, value]) => isDeepStrictEqual(event[name], value)) && says.every((one) => values.includes(one));
};

/** The wall clock may be looked at twice between a request and what is told of it. */
const clockMs = 2_000;

const lasts = ({ at, expiresAt, holds, kind }: Fields, durationMs: number): boolean =>
  kind === 'keepalive' && holds === true && typeof at === 'number' && typeof expiresAt === 'number' && Math.abs(expiresAt - at - durationMs) < clockMs;

/** On two busy cores, from the answer of a command to the store. */
const arrivesMs = 10_000;

const eventually = async (what: string, is: () => boolean | Promise<boolean>): Promise<string | undefined> => {
  try {
    await waitFor(what, is, arrivesMs);
    return undefined;
  } catch {
    return `there never was ${what}`;
  }
};

/** Users' blobs count before the project's own (reference, section 5.7). */
const wrongFile = ({ blob, file, project }: Effect & { readonly type: 'file' }): string | undefined => {
  const [folder, name] = [path.dirname(file), path.basename(file)];
  const there = readdirSync(folder).filter((one) => one !== name);
  if (there.length > 0) return `beside ${file} there is ${there.join(', ')}`;
  if (!existsSync(file)) return `${file} is not there`;
  const { own, uploaded } = blobPlaces(project, blob);
  const text = readFileSync(file, 'utf8');
  return text === readFileSync(uploaded ?? own ?? '', 'utf8') ? undefined : `${file} is ${JSON.stringify(text)}`;
};

/** Looks at how things stand now; the judge says, after the call, whether the call brought it about. What only a server can tell has none where there is none. */
export const watchFor = async (effect: Effect, { events, home }: Pick<TestNode, 'events' | 'home'>): Promise<Judge | undefined> => {
  const newEvent = async (what: string, fits: (event: Fields) => boolean): Promise<Judge | undefined> => {
    if (events === undefined) return undefined;
    const before = (await events()).at(-1)?.position ?? 0;
    return () => eventually(what, async () => (await events()).some(({ fields, position }) => position > before && fits(fields)));
  };
  switch (effect.type) {
    case 'event':
      return newEvent(`an event ${JSON.stringify({ ...effect.fields, ...(effect.says.length === 0 ? {} : { says: effect.says }) })}`, (event) => has(event, effect.fields, effect.says));
    case 'keepalive':
      return newEvent(`a keepalive of ${effect.durationMs} ms`, (event) => lasts(event, effect.durationMs));
    case 'file':
      return async () => wrongFile(effect);
    case 'archive':
      return async ({ stdout }) => {
        const place = /: (.+)\n/.exec(stdout)?.[1] ?? '';
        return existsSync(place) ? undefined : `there is no archive '${place}'`;
      };
    case 'ran': {
      const ran = (name: string): number => notes(home).filter((line) => line === name).length;
      const counts = effect.names.map((name) => [name, ran(name)] as const);
      return () => eventually(`a run of ${effect.names.join(', ')}`, () => counts.every(([name, count]) => ran(name) > count));
    }
    default:
      return assertNever(effect);
  }
};
