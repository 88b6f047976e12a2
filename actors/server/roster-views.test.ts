import { describe, expect, test } from '@jest/globals';
import { address, bodies } from '../testing/frames.ts';
import { supervise } from '../testing/recorder.ts';
import { roster } from './roster.ts';
import { begin, everyMs, lookMs, record, useRosterStage } from './testing/roster-stage.ts';

useRosterStage();

describe('the view of a node', () => {
  const check = { check: 'disk', reason: 'full', at: 7 };
  const terminations = [{ request: 'r1', ...check }, { request: 'r2', ...check, check: 'gpu' }];

  test('has the revision of the configuration it says it has', async () => {
    const { beats, list } = await begin(record('n1'));
    await beats(address, 0, { configuration: 12 });
    expect(await list()).toMatchObject([{ configuration: 12 }]);
  });

  test('has its oldest wish to be ended, and says that it would be', async () => {
    const { list } = await begin(record('n1', { terminations }));
    const [view] = await list();
    expect(view?.termination).toEqual({ request: 'r1', ...check, standing: 'would terminate' });
    expect(view).not.toHaveProperty('terminations');
  });

  test('has none while a keepalive holds, and has it again when that has run out, without a word from the node', async () => {
    const { clock, list, pass } = await begin(record('n1', { terminations, keepalive: { expiresAt: Date.UTC(2026, 0, 1) + 60_000, reason: 'a look' } }));
    expect(await list()).toMatchObject([{ keepalive: { reason: 'a look' }, termination: undefined }]);
    await pass(60_000);
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1) + 60_000);
    expect(await list()).toMatchObject([{ keepalive: undefined, termination: { request: 'r1' } }]);
  });

  test('has a keepalive without an end for ever', async () => {
    const { clock, list } = await begin(record('n1', { terminations, keepalive: {} }));
    clock.step(3_650 * 86_400_000);
    expect(await list()).toMatchObject([{ keepalive: {}, termination: undefined }]);
  });
});

describe('the orchestrator', () => {
  const stands = (node: string, phase: string, link: string, instanceId = `i-${node}`): object => ({ cluster: 'lab', node, phase, link, instanceId });

  test('is told of all nodes at the start, and when it asks', async () => {
    const { orchestrator, tell } = await begin(record('n1'), record('n2', { phase: 'failed' }));
    const all = { type: 'nodes', all: true, nodes: [stands('n1', 'ready', 'unheard'), stands('n2', 'failed', 'unheard')] };
    expect(orchestrator.received).toEqual([all]);
    await tell({ type: 'nodes?' });
    expect(orchestrator.received).toEqual([all, all]);
  });

  test('hears of a registration and of every heartbeat, after the change of the link that they bring', async () => {
    const { beats, orchestrator, registers } = await begin();
    await registers();
    await beats(address, 0, { phase: 'starting', configuration: 3 });
    await beats(address, 0, { phase: 'starting', configuration: 3 });
    expect(orchestrator.received.slice(1)).toEqual([
      { type: 'nodes', all: false, nodes: [stands('n1', 'starting', 'online', bodies.register.instanceId)] },
      { type: 'registered', node: address, configuration: undefined },
      { type: 'heard', node: address, configuration: 3 },
      { type: 'heard', node: address, configuration: 3 },
    ]);
  });

  test('hears that a node is another machine, and not of the one before when events tell of that late', async () => {
    const { orchestrator, registers, tell } = await begin(record('n1'));
    const machines = (): readonly string[] => orchestrator.received.flatMap((message) => (message.type === 'nodes' ? message.nodes.map(({ instanceId }) => instanceId) : []));
    expect(machines()).toEqual(['i-n1']);
    await registers(address, { instanceId: 'i-n1', phase: 'ready' });
    await registers(address, { instanceId: 'other', phase: 'ready' });
    await tell({ type: 'changed', records: [record('n1', { phase: 'failed', phaseAt: 9e12 })] });
    expect(machines()).toEqual(['i-n1', 'i-n1', 'other', 'other']);
  });

  test('hears of a phase that events tell, and of silence; of nothing else', async () => {
    const { beats, orchestrator, pass, tell } = await begin(record('n1'));
    await beats();
    await tell({ type: 'changed', records: [record('n1', { phase: 'stopping' })] });
    await tell({ type: 'changed', records: [record('n1', { phase: 'stopping', keepalive: {} })] });
    await pass(3 * everyMs + lookMs);
    const told = orchestrator.received.filter(({ type }) => type === 'nodes').slice(1);
    expect(told).toEqual(
      [stands('n1', 'ready', 'online'), stands('n1', 'stopping', 'online'), stands('n1', 'stopping', 'silent')].map((node) => ({ type: 'nodes', all: false, nodes: [node] })),
    );
  });

  test('hears nothing of a node that is refused', async () => {
    const { beats, orchestrator, registers } = await begin();
    await registers(address, { wire: { min: 7, max: 8 } });
    await beats();
    expect(orchestrator.received).toHaveLength(1);
  });
});

describe('events in the store', () => {
  test('change the record of a node, and not whether it is heard', async () => {
    const { beats, list, tell } = await begin(record('n1'), record('n2'));
    await beats();
    await tell({ type: 'changed', records: [record('n1', { phase: 'stopping', version: '2.0.0' }), record('n3')] });
    expect(await list()).toMatchObject([
      { node: 'n1', phase: 'stopping', version: '2.0.0', link: 'online' },
      { node: 'n2', link: 'unheard' },
      { node: 'n3', link: 'unheard' },
    ]);
  });

  test('of a node of the same name in another cluster are another node', async () => {
    const { list, tell } = await begin(record('n1'));
    await tell({ type: 'changed', records: [record('n1', { cluster: 'dev', phase: 'starting' })] });
    expect(await list()).toMatchObject([
      { cluster: 'lab', phase: 'ready' },
      { cluster: 'dev', phase: 'starting' },
    ]);
  });
});

test('a successor begins with the records of the store and goes on looking', async () => {
  const { beats, incarnation, links, pass, ports, registers, system } = await begin(record('n1'));
  await registers({ cluster: 'lab', node: 'n2' });
  await incarnation.end();
  system.spawn('roster', roster(ports), supervise('end'));
  expect(await links()).toEqual({ n1: 'unheard' });
  await beats();
  await pass(3 * everyMs + lookMs);
  expect(await links()).toEqual({ n1: 'silent' });
});
