import type { EventOf } from '../../../protocol/events.ts';

/** The payload of a tombstone: sequences `from` to `to` of the report lane will never come. `at`: wall clock, milliseconds. */
export const tombstone = (fields: Omit<EventOf<'dropped'>, 'kind' | 'trace'>): string =>
  JSON.stringify({ ...fields, kind: 'dropped' } satisfies EventOf<'dropped'>);
