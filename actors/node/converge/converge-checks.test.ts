import { describe, expect, test } from '@jest/globals';
import { settle, until } from '../../testing/world.ts';
import type { ConfigurationKnown } from '../config/messages.ts';
import { exited } from '../testing/fake-projects.ts';
import { ask, configuration, door, health, healthcheck, incarnation, life, log, phases, phasesWhenChecked, runner, setAnswersChecks, setHealth, setKnown, state, tell, told, useConvergeStage, world } from '../testing/converge-stage.ts';

useConvergeStage();

describe('the health checks', () => {
  const ready = () => until(world.clock, 'the node is ready', () => phases().at(-1) === 'ready');

  test('are run after the last script and before the node is ready, whatever they find', async () => {
    setHealth({ ok: true, value: { checks: [{ name: 'gpu', status: 'Error', message: 'lost' }, { name: 'disk', status: 'OK' }] } });
    setKnown(configuration());
    life();
    await ready();
    expect([runner.jobs.length, phasesWhenChecked]).toEqual([3, ['converging']]);
    expect(log.lines.filter((line) => line.includes('ealth check'))).toEqual(['info: Running the health checks', 'warn: Health check gpu is Error: lost']);
  });

  test('that cannot be run keep no node from being ready', async () => {
    setHealth({ ok: false, error: { code: 'actor_stopped', message: 'gone' } });
    setKnown(configuration());
    life();
    await ready();
    expect(log.lines).toContain('warn: The health checks could not be run: gone');
  });

  test('are not waited for by a daemon that stops', async () => {
    setAnswersChecks(false);
    life();
    tell(configuration());
    await settle();
    expect(healthcheck.received).toHaveLength(1);
    expect(await incarnation.drain()).toMatchObject({ forced: false });
    expect(state.get('converge/last')).toMatchObject({ outcome: 'running' });
    expect(phases()).toEqual(['converging']);
  });

  test('are not run when a script failed', async () => {
    runner.results.set('20-b.sh', exited(3));
    setKnown(configuration());
    life();
    await until(world.clock, 'the node has failed', () => phases().at(-1) === 'failed');
    expect(phasesWhenChecked).toEqual([]);
  });
});

describe('cyclecloud.node.prevent_metadata_access', () => {
  const prevent = (value: boolean | string): ConfigurationKnown => configuration({ tree: { cyclecloud: { node: { prevent_metadata_access: value } } } });

  test.each([true, 'true', 'True'])('%j closes the metadata service after the scripts and checks, and before the node is ready', async (value) => {
    life();
    setAnswersChecks(false);
    tell(prevent(value));
    await until(world.clock, 'checks are asked for', () => healthcheck.received.length === 1);
    expect(door.asked).toEqual([]);
    healthcheck.received[0]!.reply(health);
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(door.asked).toEqual(['closed']);
  });

  test('is asked for after every converge that ended well: rules do not outlive a boot', async () => {
    life();
    tell(prevent(true));
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    await ask('command-line');
    expect(door.asked).toEqual(['closed', 'closed']);
  });

  test('leaves the service open when a script failed', async () => {
    runner.results.set('10-a.sh', exited(1));
    life();
    tell(prevent(true));
    await until(world.clock, 'the converge has failed', () => phases().includes('failed'));
    expect(door.asked).toEqual([]);
  });

  test('that cannot be had is one line for the log, for who asked and for the server, and the node is ready', async () => {
    door.trouble = 'the metadata service cannot be closed to users that are not root: iptables: no';
    life();
    tell(prevent(true));
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(told().slice(-3)).toEqual([`warn: ${door.trouble}`, 'succeeded 3/3', 'ready']);
    expect(log.lines.filter((line) => line.includes(door.trouble!))).toEqual([`warn: ${door.trouble}`]);
  });

  test('that turns false opens it again at once, without a converge', async () => {
    life();
    tell(prevent(true));
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    tell({ ...prevent(false), revision: 2 });
    await until(world.clock, 'the door is open', () => !door.closed);
    expect(door.asked).toEqual(['closed', 'open']);
    expect(phases()).toEqual(['converging', 'ready']);
  });

  test.each([false, true])('that turns %j while a converge is under way is as it is by its end', async (value) => {
    life();
    setAnswersChecks(false);
    tell(prevent(!value));
    await until(world.clock, 'checks are asked for', () => healthcheck.received.length === 1);
    tell({ ...prevent(value), revision: 2 });
    healthcheck.received[0]!.reply(health);
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect([door.asked, door.closed]).toEqual([value ? ['closed'] : [], value]);
  });

  test('that turns false while the service is being closed has it opened again before the node is ready', async () => {
    const set = door.set.bind(door);
    const closing = Promise.withResolvers<void>();
    let isBeingClosed = false;
    door.set = async (closed) => {
      isBeingClosed ||= closed;
      if (closed) await closing.promise;
      return set(closed);
    };
    life();
    tell(prevent(true));
    await until(world.clock, 'it is being closed', () => isBeingClosed);
    tell({ ...prevent(false), revision: 2 });
    await settle();
    closing.resolve();
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect([door.asked, door.closed]).toEqual([['closed', 'open'], false]);
  });

  test('of an earlier life that is not wanted any more is undone; where it never was, nothing is touched', async () => {
    door.closed = true;
    life();
    tell(configuration());
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(door.asked[0]).toBe('open');
    expect(door.closed).toBe(false);
    await ask('command-line');
    expect(door.asked).toEqual(['open']);
  });

  test('that cannot be undone is told in the log, and tried again by the next converge', async () => {
    door.closed = true;
    door.trouble = 'no';
    life();
    tell(configuration());
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(log.lines).toContain('warn: no');
    door.trouble = undefined;
    await ask('command-line');
    expect(door.closed).toBe(false);
  });
});
