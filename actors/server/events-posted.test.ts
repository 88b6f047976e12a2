// Events that come over HTTP, as the events actor takes them.
import { afterEach, expect, test } from '@jest/globals';
import { seededRandom } from '../../effects/random.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import type { ToldEvent } from '../../protocol/clusterlink-read.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { ActorRef, Reply } from '../ref.ts';
import { newId } from '../testing/frames.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { createWorld, settle, type World } from '../testing/world.ts';
import { events, type EventsMessage } from './events.ts';
import type { PostedBatch, StoredEvent } from './ports.ts';
import type { RosterMessage } from './roster.ts';
import { MemoryStore } from './testing/memory-store.ts';
import type { AnswerNode } from './transport.ts';

let world: World;
afterEach(() => world.system.stop());

const from = { cluster: 'lab', node: 'n1' };

/** A store whose posts wait for the test. */
class HeldStore extends MemoryStore {
  readonly waiting: Array<(result?: Result<never>) => void> = [];

  override async post(batch: PostedBatch): Promise<Result<readonly StoredEvent[]>> {
    const result = await new Promise<Result<never> | undefined>((resolve) => void this.waiting.push(resolve));
    return result ?? super.post(batch);
  }
}

const begin = async () => {
  world = createWorld();
  const { clock, system } = world;
  const store = new HeldStore(() => clock.now());
  const log = recordLog();
  const roster = probe<RosterMessage>(system, 'roster');
  const written: StoredEvent[] = [];
  const eventLog = {
    get position() {
      return written.at(-1)?.position ?? 0;
    },
    write: (event: StoredEvent) => void written.push(event),
  };
  const transport = probe<AnswerNode>(system, 'transport').ref;
  system.spawn('events', events({ store, eventLog, reportsQueue: 'reports', transport, roster: roster.ref, metrics: createMetrics(clock), clock, random: seededRandom(1), logger: log.logger }), supervise('end'));
  const ref: ActorRef<EventsMessage> = system.ref('events');
  await settle();
  const post = async (told: readonly ToldEvent[]): Promise<unknown[]> => {
    const answers: unknown[] = [];
    const asked = system.ask(ref, (reply: Reply<Result<number>>) => ({ type: 'post', from, events: told, reply }) as const, { timeoutMs: 5_000 });
    void asked.then((answered) => answers.push(answered));
    await settle();
    return answers;
  };
  return { log, post, roster, store, system, written };
};

const log = (message: string): ToldEvent => ({ kind: 'log', id: newId(), at: 5, level: 'info', priority: 'low', message });
const renamed = (hostname?: string): ToldEvent => ({ kind: 'installation', id: newId(), at: 5, status: 'warning', hostname });

test('what is posted is answered when the store has it, and not before, and stands in the event log once', async () => {
  const { post, store, written } = await begin();
  const told = [log('one'), log('two')];
  const answers = await post(told);
  expect(answers).toEqual([]);
  store.waiting[0]?.();
  await settle();
  expect([answers, written.map(({ message }) => message)]).toEqual([[ok(ok(2))], ['one', 'two']]);
  const again = await post([...told, log('three')]);
  store.waiting[1]?.();
  await settle();
  expect([again, written.map(({ message }) => message)]).toEqual([[ok(ok(1))], ['one', 'two', 'three']]);
});

test('what could not be stored is answered with the code, and the log says so', async () => {
  const { log: logged, post, store, written } = await begin();
  const answers = await post([log('one')]);
  store.waiting[0]?.(fail('store_unwritable', 'the disk is full'));
  await settle();
  expect([answers, written]).toEqual([[ok(fail('store_unwritable', 'the disk is full'))], []]);
  expect(logged.lines).toEqual(['error: messages of lab/n1 could not be stored: the disk is full']);
});

test('an installation changes the roster, under the name that is told, else the one that is known, else that of the node', async () => {
  const { post, roster, store } = await begin();
  for (const hostname of [undefined, 'ip-1']) {
    await post([renamed(hostname)]);
    store.waiting.shift()?.();
    await settle();
  }
  expect(store.log.map(({ raw }) => (JSON.parse(raw) as { hostname: string }).hostname)).toEqual(['n1', 'ip-1']);
  expect(roster.received.filter(({ type }) => type === 'changed').length).toBeGreaterThanOrEqual(2);
});
