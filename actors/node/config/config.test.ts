import { afterEach, describe, expect, test } from '@jest/globals';
import type { Configuration, Tree } from '../../../protocol/configuration.ts';
import { fail, ok, type Failure } from '../../../protocol/result.ts';
import { frame } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { beginConfig, type Beginning } from '../testing/config-stage.ts';
import type { ConfigurationKnown } from './messages.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = (beginning: Beginning = {}) => beginConfig((world = createWorld()), beginning);

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
    expect(log.lines.filter((line) => line.includes('no room'))).toEqual([
      'warn: what props set is not in its file: no room',
      'warn: node.json does not hold the configuration: no room',
    ]);
    expect(log.lines).toContain('info: node.json holds the configuration again');
    expect(watching.crashes).toEqual([]);
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
