import { afterEach, describe, expect, test } from '@jest/globals';
import { bodies, frame } from '../../testing/frames.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { MemoryState } from '../testing/memory-state.ts';
import { beginSync, facts, type SyncStage } from '../testing/sync-stage.ts';
import { sync } from './sync.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = (state?: MemoryState) => beginSync((world = createWorld()), state);


describe('what the node reports of itself', () => {
  const full = { code: 'state_unwritable', message: 'disk full' } as const;
  const start = (begun: SyncStage) => begun.tell({ type: 'started', reply: () => undefined });

  test('at its start is what it is and the phase `starting`, once, however often the start is told', async () => {
    const begun = await begin();
    await start(begun);
    await start(begun);
    expect(begun.reported()).toEqual(['node', 'starting']);
    expect(begun.state.reports[0]).toMatchObject({ event: { kind: 'node', ...facts } });
    expect(begun.messaging.received).toEqual([{ type: 'pending' }]);
  });

  test('and could not be kept is told and kept later', async () => {
    const begun = await begin();
    begun.state.failWith = full;
    await start(begun);
    expect(begun.log.lines).toEqual(['warn: a report could not be kept: disk full']);
    begun.state.failWith = undefined;
    await begun.pass(10_000);
    await begun.pass(60_000);
    expect(begun.reported()).toEqual(['node', 'starting']);
  });

  test('is kept by the next incarnation when this one fails before', async () => {
    const { incarnation, ports, reported, state, system, tell } = await begin();
    const definition = sync(ports);
    await incarnation.end();
    const first = system.spawn('sync', definition, supervise('end'));
    state.failWith = full;
    await tell({ type: 'started', reply: () => undefined });
    await first.end();
    state.failWith = undefined;
    system.spawn('sync', definition, supervise('end'));
    await settle();
    expect(reported()).toEqual(['node', 'starting']);
  });

  test('tells the phase as it is by the time it can be kept', async () => {
    const begun = await begin();
    begun.state.failWith = full;
    await start(begun);
    await begun.tell({ type: 'phase', phase: 'converging' });
    begun.state.failWith = undefined;
    await begun.pass(10_000);
    expect(begun.reported()).toEqual(['node', 'converging']);
  });

  test('is followed by what keepalive, healthcheck, lifecycle and config know, when it is durable and not before', async () => {
    const begun = await begin();
    const asked = () => [...begun.keepalive.received, ...begun.healthcheck.received, ...begun.lifecycle.received, ...begun.config.received].map(({ type }) => type);
    begun.state.failWith = full;
    await start(begun);
    expect(asked()).toEqual([]);
    begun.state.failWith = undefined;
    await begun.pass(10_000);
    expect(asked()).toEqual(Array(4).fill('tellStanding'));
  });

  test('is told anew to a server that has lost it, and to no server that has only not come to it yet', async () => {
    let rows = 2;
    const begun = await begin();
    const { incarnation, system } = begun;
    await incarnation.end();
    system.spawn('sync', sync({ ...begun.ports, outboxRows: () => rows }), supervise('end'));
    await start(begun);
    await begun.tell({ type: 'phase', phase: 'ready' });
    const registerAgain = async () => {
      await begun.link(false);
      await begun.link(true);
      await begun.tell({ type: 'answer', frame: frame('registered', { ...bodies.registered, tellAll: true }) });
    };
    await registerAgain();
    expect(begun.reported()).toEqual(['node', 'starting']);
    rows = 0;
    await registerAgain();
    expect(begun.reported()).toEqual(['node', 'starting']);
    await begun.state.reported(begun.state.pending(10).map(({ event }) => event.id));
    await registerAgain();
    expect(begun.reported()).toEqual(['node', 'starting', 'node', 'ready']);
    expect(new Set(begun.state.reports.map(({ event }) => event.id)).size).toBe(4);
    expect(begun.keepalive.received).toHaveLength(2);
  });
});
