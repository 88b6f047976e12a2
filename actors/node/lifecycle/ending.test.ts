import { afterEach, describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../../protocol/result.ts';
import { createWorld, type World } from '../../testing/world.ts';
import { bootMoment } from '../boot-moment.ts';
import type { ScriptEnding } from '../scripts.ts';
import { beginLifecycle, ended } from '../testing/lifecycle-stage.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = () => beginLifecycle((world = createWorld()));

const full = { code: 'state_unwritable', message: 'the disk is full' } as const;
const request = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('the end of the node', () => {
  test('runs what is registered, in order, and says how many there were', async () => {
    const { add, end, scene } = await begin();
    expect(await end(request)).toEqual(ok({ ran: 0 }));
    await add('/b.sh', '-x');
    await add('/a.sh');
    expect(await end('other')).toEqual(ok({ ran: 2 }));
    expect(scene.ran).toEqual(['1 /b.sh -x', '2 /a.sh']);
  });

  test('that is asked for again has the same outcome and runs nothing, also after a restart; another end runs all again', async () => {
    const { add, end, restart, scene } = await begin();
    scene.endings.set('/a.sh', ended({ type: 'exited', code: 3 }, 'first\nno such host\n'));
    await add('/a.sh');
    await add('/b.sh');
    const failed = fail('script_failed', '1 of 2 scripts did not end well: /a.sh exited with code 3: no such host');
    expect(await end(request)).toEqual(failed);
    expect(await end(request)).toEqual(failed);
    await restart();
    expect(await end(request)).toEqual(failed);
    expect(scene.ran).toEqual(['1 /a.sh', '2 /b.sh']);
    await end('another');
    expect(scene.ran).toHaveLength(4);
  });

  test.each<[ScriptEnding, string]>([
    [{ type: 'timedOut', afterMs: 300_000 }, 'timed out after 300 s'],
    [{ type: 'signalled', signal: 'SIGKILL' }, 'ended by SIGKILL'],
    [{ type: 'unstartable', reason: 'has no execute bit' }, 'was not run: it has no execute bit'],
  ])('names a script that did not end well: %j', async (ending, said) => {
    const { add, end, scene } = await begin();
    scene.endings.set('/a.sh', ended(ending));
    await add('/a.sh');
    expect(await end(request)).toEqual(fail('script_failed', `1 of 1 scripts did not end well: /a.sh ${said}`));
  });

  test('that the end of the daemon interrupts is taken up again: the script that ran has failed and is not run a second time, the others are run', async () => {
    const { add, bootClock, end, restart, scene, tell } = await begin();
    for (const path of ['/a.sh', '/held.sh', '/c.sh']) await add(path);
    scene.endings.set('/held.sh', 'held');
    await tell({ type: 'end', request, accepted: bootMoment(bootClock), reply: () => undefined });
    expect(scene.ran).toEqual(['1 /a.sh', '2 /held.sh']);
    await restart(() => scene.endings.clear());
    expect(await end(request)).toEqual(
      fail('script_failed', '1 of 3 scripts did not end well: /held.sh was interrupted by the end of jetpackd, and is not run a second time'),
    );
    expect([scene.ran, scene.leftovers]).toEqual([['1 /a.sh', '2 /held.sh', '3 /c.sh'], [scene.runs[1]]]);
  });

  test('runs no script of which it cannot be kept that it begins', async () => {
    const { add, end, scene, state } = await begin();
    await add('/a.sh');
    state.failWith = full;
    expect(await end(request)).toEqual({ ok: false, error: full });
    expect(scene.ran).toEqual([]);
    state.failWith = undefined;
    expect(await end(request)).toEqual(ok({ ran: 1 }));
  });

  test('waits for the one before it, and holds up nothing else', async () => {
    const { add, bootClock, scene, tell, wish } = await begin();
    await add('/held.sh');
    scene.endings.set('/held.sh', 'held');
    for (const which of ['one', 'two']) await tell({ type: 'end', request: which, accepted: bootMoment(bootClock), reply: () => undefined });
    expect(scene.ran).toEqual(['1 /held.sh']);
    expect(await wish()).toMatchObject({ ok: true });
  });

  test('is remembered with nineteen others', async () => {
    const { add, end, pass, state } = await begin();
    await add('/a.sh');
    for (let index = 0; index < 25; index += 1) {
      await pass(1_000);
      await end(`end-${index}`);
    }
    expect(state.keys('end/')).toHaveLength(20);
    expect(state.get('end/end-4')).toBeUndefined();
    expect(state.get('end/end-5')).toBeDefined();
  });

  test('that is over stays over: what is registered later is not for it, and neither a restart nor a new boot changes its outcome', async () => {
    const { add, bootClock, end, restart, scene } = await begin();
    const accepted = bootMoment(bootClock);
    expect(await end('empty')).toEqual(ok({ ran: 0 }));
    await add('/a.sh');
    expect(await end(request)).toEqual(ok({ ran: 1 }));
    await add('/later.sh');
    expect([await end('empty'), await end(request)]).toEqual([ok({ ran: 0 }), ok({ ran: 1 })]);
    await restart(() => bootClock.reboot(60_000));
    expect([await end('empty', accepted), await end(request, accepted)]).toEqual([ok({ ran: 0 }), ok({ ran: 1 })]);
    expect(scene.ran).toEqual(['1 /a.sh']);
  });

  test('of which it cannot be kept that it is over is to be asked for again, and has its outcome then', async () => {
    const { add, end, scene, state } = await begin();
    await add('/a.sh');
    scene.whenRun = () => {
      state.failWith = full;
    };
    expect(await end(request)).toEqual({ ok: false, error: full });
    state.failWith = undefined;
    expect([await end(request), scene.ran]).toEqual([ok({ ran: 1 }), ['1 /a.sh']]);
  });

  test('that an earlier boot was asked for runs nothing: the machine did end, and goes on now', async () => {
    const { add, bootClock, end, restart, scene } = await begin();
    await add('/drain.sh');
    const accepted = bootMoment(bootClock);
    await restart(() => bootClock.reboot(60_000));
    expect(await end(request, accepted)).toEqual(fail('command_expired', 'the machine has begun anew since: nothing was run'));
    // What an earlier version accepted says nothing of its boot.
    expect(await end(request, 'unknown')).toMatchObject({ ok: false, error: { code: 'command_expired' } });
    expect(scene.ran).toEqual([]);
    expect(await end('another')).toEqual(ok({ ran: 1 }));
  });

  test('that a new boot interrupts is not taken up again', async () => {
    const { add, bootClock, end, restart, scene, tell } = await begin();
    for (const path of ['/held.sh', '/unmount.sh']) await add(path);
    scene.endings.set('/held.sh', 'held');
    const accepted = bootMoment(bootClock);
    await tell({ type: 'end', request, accepted, reply: () => undefined });
    await restart(() => bootClock.reboot(60_000));
    expect(await end(request, accepted)).toEqual(fail('command_expired', 'the machine has begun anew since: 1 script had begun, and no other was run'));
    expect(scene.ran).toEqual(['1 /held.sh']);
  });
});
