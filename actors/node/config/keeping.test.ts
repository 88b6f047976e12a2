import { afterEach, describe, expect, test } from '@jest/globals';
import { fail, ok, type Failure, type Result } from '../../../protocol/result.ts';
import { newId } from '../../testing/frames.ts';
import { createWorld, type World } from '../../testing/world.ts';
import { beginConfig, type Beginning } from '../testing/config-stage.ts';
import type { ConfigMessage } from './messages.ts';
import type { LayerValue } from './ports.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = (beginning: Beginning = {}) => beginConfig((world = createWorld()), beginning);

const broken: Failure = { code: 'home_unusable', message: 'no room' };

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

  test('that is asked for again under the same id changes nothing, whatever was set since', async () => {
    const { file, state, tell } = await begin();
    const answers: Array<Result<void>> = [];
    const id = newId();
    await tell(set('a', '1', answers, id));
    await tell(set('a', '2', answers));
    await tell(set('a', '1', answers, id));
    expect([answers, file.properties, state.reports.length]).toEqual([[ok(undefined), ok(undefined), ok(undefined)], { a: '2' }, 2]);
  });

  test.each([
    ['is missing: the daemon ended before it was written', undefined],
    ['is that of another machine, of which the disk is a copy', { os: { id: 'theirs' } }],
  ])('stands in its file from the start on, also when that %s', async (_why, stands) => {
    const { file } = await begin({ properties: { state: { rack: 'r7' }, file: stands }, facts: [new Promise(() => undefined)] });
    expect(file.properties).toEqual({ rack: 'r7' });
    world.system.stop();
    expect((await begin({ properties: { file: { os: 'theirs' } } })).file.properties).toEqual({});
  });

  test('that could not be written at the start is written at a later look, and that is said once', async () => {
    const { file, log, pass, spawn, incarnation } = await begin({ properties: { state: { rack: 'r7' } } });
    await incarnation.end();
    file.failWith = broken;
    file.properties = undefined;
    spawn();
    await pass(25_000);
    expect(log.lines.filter((line) => line.includes('props'))).toEqual(['warn: what props set is not in its file: no room']);
    file.failWith = undefined;
    await pass(60_000);
    expect(file.properties).toEqual({ rack: 'r7' });
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
