import { describe, expect, test } from '@jest/globals';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import { address } from '../testing/frames.ts';
import type { NodeRecord } from './ports.ts';
import { nodeRecord } from './testing/records.ts';
import type { FrameFrom } from './transport.ts';
import { begin, everyMs, lookMs, record, useRosterStage, world } from './testing/roster-stage.ts';

useRosterStage();

/** What the view of a node has of its record. */
const shown = ({ terminations: _terminations, ...rest }: NodeRecord): Omit<NodeRecord, 'terminations'> => rest;

describe('a registration', () => {
  test('is answered under its id, and the node is listed with what it says of itself', async () => {
    const { clock, list, registers, transport } = await begin();
    await clock.advance(500);
    const { id } = await registers();
    expect(transport.received).toMatchObject([{ type: 'answer', to: address, frame: { kind: 'registered', correlationId: id, body: { server: 's', wire: 1 } } }]);
    expect(decodeFrame(encodeFrame(transport.received[0]!.frame))).toMatchObject({ ok: true });
    const now = clock.now();
    const told = shown(nodeRecord({ ...address, phase: 'starting' }));
    const rest = { roles: ['role of n1'], termination: undefined, configuration: undefined, outbox: undefined };
    expect(await list()).toEqual([{ ...told, ...rest, link: 'online', lastSeenAt: now }]);
  });

  test('of a known machine brings what it says of itself up to date, and leaves its phase to its events when it names none', async () => {
    const known = record('n1', { instanceId: 'i', detail: 'all well' });
    const { list, registers } = await begin(known);
    await registers();
    expect(await list()).toMatchObject([{ ...shown(known), hostname: 'h', phase: 'ready', detail: 'all well', link: 'online' }]);
  });

  test('that names the phase that is known leaves what is known of it', async () => {
    const known = record('n1', { instanceId: 'i', detail: 'all well', phaseAt: 77 });
    const { list, registers } = await begin(known);
    await registers(address, { phase: 'ready' }, 900);
    expect(await list()).toMatchObject([{ phase: 'ready', detail: 'all well', phaseAt: 77 }]);
  });

  test.each<readonly [string, Partial<FrameFrom<'register'>['body']>, string]>([
    ['the phase that it names', { instanceId: 'i-n1', phase: 'starting' }, 'starting'],
    ['the phase that it names, also of another machine', { instanceId: 'i-2', phase: 'converging' }, 'converging'],
    ['none but `starting` when another machine names none', { instanceId: 'i-2' }, 'starting'],
  ])('brings %s: a record of another life is no word of this one', async (_what, body, phase) => {
    const { list, orchestrator, registers } = await begin(record('n1', { detail: 'all well', phaseAt: 77 }));
    await registers(address, body, 50);
    expect(await list()).toMatchObject([{ phase, detail: undefined, phaseAt: 50 }]);
    expect(orchestrator.received.slice(1)).toEqual([
      { type: 'nodes', all: false, nodes: [{ ...address, phase, link: 'online', instanceId: body.instanceId }] },
      { type: 'registered', node: address, configuration: undefined },
    ]);
  });

  test('is not undone by what the store is told of the life before, and is followed by what this one enters', async () => {
    const { list, registers, tell } = await begin(record('n1', { phase: 'stopping', phaseAt: 10 }));
    const phases: unknown[] = [];
    const told = async (more: Partial<NodeRecord>): Promise<void> => {
      await tell({ type: 'changed', records: [record('n1', more)] });
      phases.push((await list())[0]?.phase);
    };
    await registers(address, { instanceId: 'i-n1', phase: 'starting' }, 100);
    await told({ phase: 'starting', phaseAt: 20 });
    await told({ phase: 'ready', phaseAt: 90, keepalive: { reason: 'a look' } });
    expect(await list()).toMatchObject([{ keepalive: { reason: 'a look' } }]);
    await told({ phase: 'starting', phaseAt: 95, detail: 'its own' });
    expect(await list()).toMatchObject([{ detail: 'its own' }]);
    await told({ phase: 'converging', phaseAt: 110 });
    await told({ phase: 'ready', phaseAt: 120 });
    expect(phases).toEqual(['starting', 'starting', 'starting', 'converging', 'ready']);
  });

  test('is followed by heartbeats also when the clock of its node was set back since', async () => {
    const { beats, list, registers, tell } = await begin();
    await registers(address, { phase: 'starting' }, 5_000);
    await tell({ type: 'changed', records: [record('n1', { phase: 'ready', phaseAt: 20 })] });
    await beats(address, 0, { phase: 'ready' }, 30);
    expect(await list()).toMatchObject([{ phase: 'ready' }]);
    await tell({ type: 'changed', records: [record('n1', { phase: 'failed', phaseAt: 40 })] });
    expect(await list()).toMatchObject([{ phase: 'failed' }]);
  });

  test('is asked for all that stands while the store has no word of the node, and only then', async () => {
    const { registers, tell, transport } = await begin(record('n1'), record('n2', { instanceId: '' }));
    const asked: unknown[] = [];
    const registersAs = async (node: string): Promise<void> => {
      transport.received.splice(0);
      await registers({ cluster: 'lab', node });
      asked.push(transport.received.map(({ frame: { body } }) => ('tellAll' in body ? body.tellAll : undefined)));
    };
    for (const node of ['n1', 'n2', 'n3', 'n3']) await registersAs(node);
    await tell({ type: 'changed', records: [record('n3', { instanceId: '' })] });
    await registersAs('n3');
    await tell({ type: 'changed', records: [record('n3'), record('n2')] });
    await registersAs('n3');
    await registersAs('n2');
    expect(asked).toEqual([[undefined], [true], [true], [true], [true], [undefined], [undefined]]);
  });

  test.each([
    { min: 2, max: 3 },
    { min: 0, max: 0 },
  ])('of a node that speaks the versions %j is refused with both sides named, and the node is not listed', async (wire) => {
    const { list, log, registers, transport } = await begin();
    const { id } = await registers(address, { wire });
    const message = `it speaks wire versions ${wire.min} to ${wire.max}, this server 1: upgrade the older side`;
    expect(transport.received).toMatchObject([{ to: address, frame: { kind: 'refused', correlationId: id, body: { code: 'version_unsupported', message } } }]);
    expect(log.lines).toEqual([`warn: lab/n1 cannot register: ${message}`]);
    expect(await list()).toEqual([]);
  });

  test('of a node that speaks a range of versions is answered with ours', async () => {
    const { registers, transport } = await begin();
    await registers(address, { wire: { min: 0, max: 7 } });
    expect(transport.received).toMatchObject([{ frame: { kind: 'registered', body: { wire: 1 } } }]);
  });
});

describe('a heartbeat', () => {
  test('says where its node stands, also when this server never had the event that says so', async () => {
    const { beats, list } = await begin({ ...record('n1'), phase: 'starting' });
    const { body } = await beats();
    expect(body.phase).not.toBe('starting');
    expect(await list()).toMatchObject([{ node: 'n1', phase: body.phase }]);
  });

  test('that was sent before its node entered the phase it is known to be in says nothing of that', async () => {
    const { beats, list } = await begin(record('n1', { phase: 'ready', phaseAt: 500 }));
    await beats(address, 0, { phase: 'converging' }, 499);
    expect(await list()).toMatchObject([{ phase: 'ready', phaseAt: 500, link: 'online' }]);
    await beats(address, 0, { phase: 'converging' }, 501);
    expect(await list()).toMatchObject([{ phase: 'converging', phaseAt: 501 }]);
  });

  test('of a node without a record is answered `not_registered`, under its id', async () => {
    const { beats, list, transport } = await begin();
    const { id } = await beats();
    expect(transport.received).toMatchObject([{ to: address, frame: { kind: 'refused', correlationId: id, body: { code: 'not_registered' } } }]);
    expect(await list()).toEqual([]);
  });

  test('of a node that only its record tells of is enough: a server that starts anew asks nobody to register', async () => {
    const { beats, links, list, transport } = await begin(record('n1'), record('n2'));
    expect(await links()).toEqual({ n1: 'unheard', n2: 'unheard' });
    expect(await list()).toMatchObject([{ lastSeenAt: undefined, outbox: undefined }, {}]);
    await beats(address, 12);
    expect(await links()).toEqual({ n1: 'online', n2: 'unheard' });
    expect(await list()).toMatchObject([{ lastSeenAt: world.clock.now(), outbox: 12 }, {}]);
    expect(transport.received).toEqual([]);
  });
});

describe('a node that is not heard of', () => {
  test('is silent when three of its heartbeats were missed, and heard again by the next; each is told once', async () => {
    const { beats, links, log, pass } = await begin(record('n1'));
    await beats();
    await pass(3 * everyMs);
    expect(await links()).toEqual({ n1: 'online' });
    await pass(lookMs);
    expect(await links()).toEqual({ n1: 'silent' });
    await pass(60_000);
    await beats();
    expect(await links()).toEqual({ n1: 'online' });
    expect(log.lines).toEqual(['warn: lab/n1 is silent', 'info: lab/n1 is heard again']);
    expect(log.fields).toEqual([address, address]);
  });

  test('after its registration has the time of three usual heartbeats', async () => {
    const { links, pass, registers } = await begin();
    await registers();
    await pass(30_000);
    expect(await links()).toEqual({ n1: 'online' });
    await pass(lookMs);
    expect(await links()).toEqual({ n1: 'silent' });
  });

  test('is judged by a clock that nobody can set', async () => {
    const { beats, clock, links, pass } = await begin(record('n1'));
    await beats();
    clock.step(86_400_000);
    await pass(lookMs);
    expect(await links()).toEqual({ n1: 'online' });
    clock.step(-2 * 86_400_000);
    await pass(3 * everyMs + lookMs);
    expect(await links()).toEqual({ n1: 'silent' });
  });

  test('and never was since this server began is unheard, not silent', async () => {
    const { links, log, pass } = await begin(record('n1'));
    await pass(600_000);
    expect([await links(), log.lines]).toEqual([{ n1: 'unheard' }, []]);
  });
});
