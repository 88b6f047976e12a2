// What the tests of outbox share.
import type { NewEntry, Outbox, OutboxStream } from '../../../actors/node/messaging/ports.ts';
import { ManualClock } from '../../../effects/manual-clock.ts';
import { seededRandom, uuid7 } from '../../../effects/random.ts';
import { decodeEvent } from '../../../protocol/codec.ts';
import { integerOf } from '../../../storage/columns.ts';
import { openDatabase, type Database } from '../../../storage/database.ts';
import type { TemporaryFolder } from '../../../storage/testing/temporary-folder.ts';
import { createOutbox, openOutbox, type OpenedOutbox, type OutboxOptions } from '../outbox.ts';
import { outboxSchema } from '../schema.ts';

export const clock = new ManualClock();

export const random = seededRandom(5);

export const owner = { cluster: 'lab', node: 'n1', instanceId: 'i-1' };

export const everything = { rows: 1_000, bytes: Infinity };

export const open = (folder: TemporaryFolder, options: Partial<OutboxOptions> = {}, of = owner): OpenedOutbox => {
  const opened = openOutbox(folder.at('outbox.db'), of, { clock, random, deletionWaitMs: 0, ...options });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};

export const entry = (fields: Partial<NewEntry> = {}): NewEntry => ({
  id: uuid7(clock.now(), random),
  lane: 'report',
  priority: 'high',
  payload: '"payload"',
  repeatable: false,
  ...fields,
});

export const append = async (outbox: Outbox, ...entries: readonly NewEntry[]) => {
  const appended = await outbox.append(entries);
  if (!appended.ok) throw new Error(appended.error.code);
  return appended.value;
};

export const current = (outbox: Outbox): OutboxStream => outbox.streams().at(-1)!;

/** What a lane of a stream holds: `sequence` or `from-to`, with the first words of what it is. */
export const contents = (outbox: Outbox, stream = current(outbox).stream): readonly string[] =>
  outbox.read(stream, 'report', 1, everything).map(({ sequence, through, payload }) => {
    const event = decodeEvent(JSON.parse(payload));
    const what = event.ok && event.value.kind === 'dropped' ? `dropped ${event.value.from}-${event.value.to}` : payload;
    return `${sequence === through ? sequence : `${sequence}-${through}`} ${what}`;
  });

export const large = JSON.stringify('x'.repeat(50_000));

/** An outbox whose file the test can fill up. */
export const openSmall = (folder: TemporaryFolder, limit = { rows: 100, bytes: 1_000_000 }): { readonly database: Database; readonly outbox: Outbox } => {
  const opened = openDatabase(folder.at('outbox.db'), outboxSchema(owner), 'outbox_unwritable', 0);
  if (!opened.ok) throw new Error(opened.error.message);
  const { database } = opened.value;
  return { database, outbox: createOutbox(database, { clock, random, limit, deletionWaitMs: 0 }) };
};

export const fillDisk = (database: Database): void => {
  const pages = integerOf(database.prepare('PRAGMA page_count').get(), 'page_count');
  database.exec(`PRAGMA max_page_count = ${pages}`);
};

export const freeDisk = (database: Database): void => database.exec('PRAGMA max_page_count = 1000000');
