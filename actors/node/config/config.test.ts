import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import type { Configuration, Json, Tree } from '../../../protocol/configuration.ts';
import { fail, ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { ActorRef } from '../../ref.ts';
import { frame, newId } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { ConfigFile, ConfigKeeping, ConfigLayers, ConfigNotice, LayerValue } from './ports.ts';
import { config } from './config.ts';
import type { ConfigMessage, ConfigurationKnown, ConfigView } from './messages.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { MemoryState } from '../testing/memory-state.ts';

let world: World;
afterEach(() => world.system.stop());

/** A node.json that is what it was told to be, unless it fails. */
class FakeFile implements ConfigFile {
  readonly kept: ConfigLayers[] = [];
  failWith: Failure | undefined;
  notices: ConfigNotice[] = [];
  text = '';
  watchers: Array<() => void> = [];
  properties: Tree | undefined;

  keep(layers: ConfigLayers): ConfigKeeping {
    const notices = this.notices.splice(0);
    if (this.failWith !== undefined) return { outcome: { ok: false, error: this.failWith }, notices };
    this.kept.push(layers);
    const tree: Tree = { ...layers.configuration, ...layers.facts };
    const wrote = this.text !== JSON.stringify(tree);
    this.text = JSON.stringify(tree);
    return { outcome: ok({ tree, wrote }), notices };
  }

  explain(key: string, { configuration, facts }: ConfigLayers): readonly LayerValue[] {
    const layers = { facts: facts[key], server: configuration[key] };
    return Object.entries(layers).flatMap(([layer, value]) => (value === undefined ? [] : [{ layer, value }]));
  }

  writeProperties(properties: Tree): Result<void> {
    if (this.failWith !== undefined) return { ok: false, error: this.failWith };
    this.properties = properties;
    return ok(undefined);
  }

  watch(changed: () => void): () => void {
    this.watchers.push(changed);
    return () => (this.watchers = this.watchers.filter((watcher) => watcher !== changed));
  }
}

interface Beginning {
  readonly kept?: Json;
  /** The answers to the first questions for facts; later ones are as the last. */
  readonly facts?: ReadonlyArray<Promise<Tree>>;
}

const begin = async ({ facts = [Promise.resolve({ os: 'linux' })], kept }: Beginning = {}) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const file = new FakeFile();
  const state = new MemoryState();
  if (kept !== undefined) state.values.set('configuration', kept);
  const observer = probe<ConfigurationKnown>(system, 'observer');
  const messaging = probe<DrainPending>(system, 'messaging');
  const signals: AbortSignal[] = [];
  const ports = {
    state,
    file,
    gatherFacts: (signal: AbortSignal) => {
      signals.push(signal);
      return facts[Math.min(signals.length, facts.length) - 1]!;
    },
    observers: [observer.ref],
    messaging: messaging.ref,
    clock,
    random: seededRandom(1),
    logger: log.logger,
  };
  const watching = supervise('end');
  const spawn = () => system.spawn('config', config(ports), watching);
  const incarnation = spawn();
  const ref: ActorRef<ConfigMessage> = system.ref('config');
  await settle();
  const tell = async (message: ConfigMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  return {
    file,
    incarnation,
    log,
    messaging,
    observer,
    ref,
    signals,
    spawn,
    state,
    system,
    tell,
    watching,
    /** A frame of the server. */
    frame: (revision: number, tree: Tree = { revision }) => tell({ type: 'answer', frame: frame('configuration', { revision, tree }) }),
    /** A command of the server; the answers there are, by the end. */
    set: async (revision: number, tree: Tree = { revision }): Promise<Array<Result<Tree>>> => {
      const answers: Array<Result<Tree>> = [];
      await tell({ type: 'configuration', configuration: { revision, tree }, reply: (answer) => answers.push(answer) });
      return answers;
    },
    view: async (): Promise<ConfigView | undefined> => {
      let view: ConfigView | undefined;
      await tell({ type: 'config?', reply: (answer) => (view = answer) });
      return view;
    },
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    /** node.json changes so often, all at once. */
    change: async (times = 1) => {
      for (let time = 0; time < times; time += 1) for (const watcher of file.watchers) watcher();
      await settle();
    },
    known: () => observer.received.map(({ revision, source }) => `${source} ${revision}`),
  };
};

const configuration = (revision: number, tree: Tree = { revision }): Configuration => ({ revision, tree });
const broken: Failure = { code: 'home_unusable', message: 'no room' };

describe('at its start', () => {
  test('it writes the facts, and tells nobody of a configuration that there is not', async () => {
    const { file, known, view } = await begin();
    expect(file.kept).toEqual([{ configuration: {}, facts: { os: 'linux' } }]);
    expect(known()).toEqual([]);
    expect(await view()).toEqual({ writtenAt: world.clock.now() });
  });

  test('what was kept is written with the facts, and then told as kept', async () => {
    const tree = { cyclecloud: { cluster_init_specs: [{ project: 'p', version: '1', spec: 's' }], locker: 'file:///l' } };
    const { observer, view } = await begin({ kept: { ...configuration(7, tree) } });
    expect(observer.received).toEqual([
      { type: 'configured', revision: 7, source: 'kept', specs: [{ project: 'p', version: '1', spec: 's' }], locker: 'file:///l', tree: { ...tree, os: 'linux' } },
    ]);
    expect(await view()).toMatchObject({ revision: 7 });
  });

  test('nothing is written and nobody told before there are facts, but what comes meanwhile is durable', async () => {
    const facts = Promise.withResolvers<Tree>();
    const { file, frame, known, set, state } = await begin({ facts: [facts.promise], kept: { ...configuration(1) } });
    await frame(2);
    const answers = await set(3);
    expect(state.values.get('configuration')).toEqual(configuration(3));
    expect([file.kept, known(), answers]).toEqual([[], [], []]);
    facts.resolve({ os: 'linux' });
    await settle();
    expect(file.kept).toEqual([{ configuration: { revision: 3 }, facts: { os: 'linux' } }]);
    expect(known()).toEqual(['server 3']);
    expect(answers).toMatchObject([ok({ revision: 3 })]);
  });

  test('facts that fail do not hold anything up', async () => {
    const { known, log } = await begin({ facts: [Promise.reject(new Error('broken'))], kept: { ...configuration(1) } });
    expect(known()).toEqual(['kept 1']);
    expect(log.lines).toContain('warn: no facts of the system: Error: broken');
  });

  test.each([['text'], [{ revision: 'one', tree: {} }], [{ revision: 1, tree: [] }], [null]])('what was kept and is no configuration is passed over: %j', async (kept) => {
    const { frame, known, log, watching } = await begin({ kept });
    expect(log.lines).toEqual(['error: the configuration that was kept cannot be read: the server sends it again']);
    await frame(1);
    expect(known()).toEqual(['server 1']);
    expect(watching.crashes).toEqual([]);
  });
});

describe("the server's configuration", () => {
  test('is durable before it is in node.json, and in node.json before it is told', async () => {
    const { file, frame, observer, state } = await begin();
    state.failWith = { code: 'state_unwritable', message: 'disk full' };
    await frame(1);
    expect(file.kept.map(({ configuration }) => configuration)).not.toContainEqual({ revision: 1 });
    state.failWith = undefined;
    file.failWith = broken;
    await frame(1);
    expect(state.values.get('configuration')).toEqual(configuration(1));
    expect(observer.received).toEqual([]);
    file.failWith = undefined;
    await frame(1);
    expect(observer.received).toMatchObject([{ revision: 1, tree: { revision: 1, os: 'linux' } }]);
  });

  test('is told after every frame, also when it is the one there is', async () => {
    const { file, frame, known } = await begin();
    await frame(1);
    const written = file.kept.length;
    await frame(1);
    expect(known()).toEqual(['server 1', 'server 1']);
    expect(file.kept.slice(written)).toEqual([{ configuration: { revision: 1 }, facts: { os: 'linux' } }]);
  });

  test('never goes back: an older one is logged, and what is told is the newer', async () => {
    const { frame, known, log, state } = await begin();
    await frame(5);
    await frame(4);
    expect(known()).toEqual(['server 5', 'server 5']);
    expect(state.values.get('configuration')).toEqual(configuration(5));
    expect(log.lines).toContain('info: a configuration of revision 4 came after that of revision 5: it is passed over');
  });

  test('that comes in a burst is kept in order, the newest last', async () => {
    const { ref, state, system, known } = await begin();
    for (const revision of [1, 3, 2, 4]) system.tell(ref, { type: 'answer', frame: frame('configuration', { revision, tree: { revision } }) });
    await settle();
    expect(state.values.get('configuration')).toEqual(configuration(4));
    expect(known().at(-1)).toBe('server 4');
    expect(known()).not.toContain('server 2');
  });

  test('with a spec that cannot be read says so, here and to the cluster, and tells the others', async () => {
    const { frame, messaging, observer, state } = await begin();
    const good = { project: 'p', version: '1', spec: 's' };
    await frame(1, { cyclecloud: { cluster_init_specs: [good, { project: 'p' }] } });
    expect(observer.received).toMatchObject([{ specs: [good], flaw: expect.stringContaining('cluster_init_specs[1] is unusable') }]);
    expect(state.reports.map(({ event }) => event)).toMatchObject([{ kind: 'log', level: 'error', message: expect.stringContaining('[1] is unusable') }]);
    expect(messaging.received).toEqual([{ type: 'pending' }]);
  });
});

describe('a setting from the server', () => {
  test('is answered when it is durable and in node.json', async () => {
    const { file, set } = await begin();
    expect(await set(2)).toEqual([ok({ revision: 2, os: 'linux' })]);
    expect(file.text).toBe('{"revision":2,"os":"linux"}');
  });

  test('is answered well when it comes again, or after a newer one, and changes nothing', async () => {
    const { file, set, state } = await begin();
    await set(2);
    expect(await set(2)).toEqual([ok({ revision: 2, os: 'linux' })]);
    expect(await set(1)).toEqual([ok({ revision: 2, os: 'linux' })]);
    expect(file.text).toBe('{"revision":2,"os":"linux"}');
    expect(state.values.get('configuration')).toEqual(configuration(2));
  });

  test('that cannot be kept is a coded answer, and comes to its end when it is sent again', async () => {
    const { known, set, state } = await begin();
    state.failWith = { code: 'state_unwritable', message: 'disk full' };
    expect(await set(2)).toEqual([fail('state_unwritable', 'disk full')]);
    expect(known()).toEqual([]);
    state.failWith = undefined;
    expect(await set(2)).toEqual([ok({ revision: 2, os: 'linux' })]);
  });

  test('that cannot be written is a coded answer, and is written later without being sent again', async () => {
    const { file, known, log, pass, set, view, watching } = await begin();
    file.failWith = broken;
    expect(await set(2)).toEqual([{ ok: false, error: broken }]);
    expect(await view()).toMatchObject({ revision: 2, problem: broken });
    await pass(60_000);
    expect(known()).toEqual([]);
    file.failWith = undefined;
    await pass(10_000);
    expect(known()).toEqual(['server 2']);
    expect(await view()).not.toHaveProperty('problem');
    expect(log.lines.filter((line) => line.includes('no room'))).toEqual(['warn: node.json does not hold the configuration: no room']);
    expect(log.lines).toContain('info: node.json holds the configuration again');
    expect(watching.crashes).toEqual([]);
  });
});

describe('node.json', () => {
  test('is looked at every minute', async () => {
    const { file, pass } = await begin();
    await pass(59_000);
    expect(file.kept).toHaveLength(1);
    await pass(1_000);
    expect(file.kept).toHaveLength(2);
    await pass(60_000);
    expect(file.kept).toHaveLength(3);
  });

  test('is looked at soon after it changed, once for changes that come together', async () => {
    const { change, file, pass } = await begin();
    await change(100);
    await pass(300);
    expect(file.kept).toHaveLength(2);
    await pass(5_000);
    expect(file.kept).toHaveLength(2);
  });

  test('changes that never end do not put the look off', async () => {
    const { change, file, pass } = await begin();
    for (let time = 0; time < 10; time += 1) {
      await change();
      await pass(100);
    }
    expect(file.kept.length).toBeGreaterThan(2);
  });

  test('is not fought over: after somebody else changed it, the next change waits for ten seconds', async () => {
    const { change, file, log, pass } = await begin();
    file.notices = [{ text: 'node.json was changed', report: false }];
    await change();
    await pass(300);
    expect(log.lines).toEqual(['warn: node.json was changed']);
    const before = file.kept.length;
    await change();
    await pass(9_000);
    expect(file.kept).toHaveLength(before);
    await pass(1_000);
    expect(file.kept).toHaveLength(before + 1);
  });

  test('found damaged is a line in the log and one in the event log of the cluster', async () => {
    const { file, log, messaging, pass, state } = await begin();
    file.notices = [{ text: 'node.json is empty: it was set aside', report: true }];
    await pass(60_000);
    expect(log.lines).toEqual(['warn: node.json is empty: it was set aside']);
    expect(state.reports.map(({ event }) => event)).toMatchObject([{ kind: 'log', level: 'warn', priority: 'medium', message: 'node.json is empty: it was set aside' }]);
    expect(messaging.received).toEqual([{ type: 'pending' }]);
  });

  test('has new facts every five minutes; one that could not be had this time stays', async () => {
    const { file, pass, signals } = await begin({ facts: [Promise.resolve({ os: 'linux', fqdn: 'old' }), Promise.resolve({ fqdn: 'new' })] });
    await pass(299_000);
    expect(signals).toHaveLength(1);
    await pass(1_000);
    expect(file.kept.at(-1)).toEqual({ configuration: {}, facts: { os: 'linux', fqdn: 'new' } });
    await pass(300_000);
    expect(signals).toHaveLength(3);
  });
});

describe('its end and its successor', () => {
  test('a stop does not wait for facts, and does not write those cut short', async () => {
    const facts = Promise.withResolvers<Tree>();
    const { file, incarnation, signals } = await begin({ facts: [facts.promise] });
    signals[0]!.addEventListener('abort', () => facts.resolve({}));
    const ending = incarnation.drain();
    await settle();
    expect(await ending).toMatchObject({ forced: false, failures: [] });
    expect(file.kept).toEqual([]);
    expect(file.watchers).toEqual([]);
  });

  test('a successor tells what was kept, and does not watch twice', async () => {
    const { file, frame, incarnation, known, spawn } = await begin();
    await frame(3);
    const ending = incarnation.end();
    await settle();
    await ending;
    spawn();
    await settle();
    expect(known()).toEqual(['server 3', 'kept 3']);
    expect(file.watchers).toHaveLength(1);
  });

  test('an observer that begins later is told when it asks, once there is something to tell', async () => {
    const { frame, system, tell } = await begin();
    const late = probe<ConfigurationKnown>(system, 'late');
    await tell({ type: 'configuration?', observer: late.ref });
    expect(late.received).toEqual([]);
    await frame(2);
    await tell({ type: 'configuration?', observer: late.ref });
    expect(late.received).toMatchObject([{ type: 'configured', revision: 2, source: 'server' }]);
  });
});

describe('a property', () => {
  const set = (key: string, value: string | undefined, answers: Array<Result<void>>, id = newId()): ConfigMessage => ({ type: 'property', id, at: 5, key, value, reply: (answer) => answers.push(answer) });

  test('is durable with the report that tells of it before it is answered, and stands in its file', async () => {
    const { file, messaging, state, tell } = await begin();
    const answers: Array<Result<void>> = [];
    await tell(set('os.id', 'rocky', answers));
    await tell(set('os.version', '9', answers));
    expect([answers, file.properties, state.values.get('properties')]).toEqual([[ok(undefined), ok(undefined)], { os: { id: 'rocky', version: '9' } }, { os: { id: 'rocky', version: '9' } }]);
    expect(state.reports.map(({ event }) => event)).toMatchObject([
      { kind: 'property', key: 'os.id', value: 'rocky', at: 5 },
      { kind: 'property', key: 'os.version', value: '9' },
    ]);
    expect(messaging.received.at(-1)).toEqual({ type: 'pending' });
  });

  test('that is taken back is gone, and the report has no value', async () => {
    const { file, state, tell } = await begin();
    const answers: Array<Result<void>> = [];
    await tell(set('a', '1', answers));
    await tell(set('a', undefined, answers));
    expect([file.properties, state.reports.at(-1)?.event]).toMatchObject([{}, { kind: 'property', key: 'a' }]);
    expect(state.reports.at(-1)?.event).not.toHaveProperty('value');
  });

  test('that cannot be kept is a failure, and is not there afterwards', async () => {
    const { file, state, tell } = await begin();
    const answers: Array<Result<void>> = [];
    state.failWith = { code: 'state_unwritable', message: 'full' };
    await tell(set('a', '1', answers));
    state.failWith = undefined;
    await tell(set('b', '2', answers));
    expect([answers, file.properties]).toEqual([[fail('state_unwritable', 'full'), ok(undefined)], { b: '2' }]);
  });
});

describe('questions of the command line', () => {
  test('which layers have a key is what the file says of what is kept and known', async () => {
    const { frame, tell } = await begin({ facts: [Promise.resolve({ os: 'linux' })] });
    await frame(1, { os: 'mine' });
    let layers: readonly LayerValue[] = [];
    await tell({ type: 'explain', key: 'os', reply: (answer) => (layers = answer) });
    expect(layers).toEqual([{ layer: 'facts', value: 'linux' }, { layer: 'server', value: 'mine' }]);
  });

  test('whoever watches hears at once, then of each writing of node.json, and of none when it stays as it is, until it listens no more', async () => {
    const { frame, tell } = await begin();
    let heard = 0;
    await tell({ type: 'watch', id: 'w', changed: () => (heard += 1), reply: () => undefined });
    expect(heard).toBe(1);
    await frame(1, { a: 1 });
    expect(heard).toBe(2);
    await frame(2, { a: 1 });
    expect(heard).toBe(2);
    await tell({ type: 'unwatch', id: 'w' });
    await frame(3, { a: 2 });
    expect(heard).toBe(2);
  });
});

describe('facts that somebody says have changed', () => {
  test('are gathered at once and held in node.json, and those of the interval come when they would have come', async () => {
    const { file, pass, signals, tell } = await begin({ facts: [Promise.resolve({ hostname: 'old' }), Promise.resolve({ hostname: 'new' })] });
    await pass(100_000);
    await tell({ type: 'gather', once: true });
    expect(signals).toHaveLength(2);
    expect(file.kept.at(-1)?.facts).toEqual({ hostname: 'new' });
    await pass(200_000);
    expect(signals).toHaveLength(3);
    await pass(300_000);
    expect(signals).toHaveLength(4);
  });
});
