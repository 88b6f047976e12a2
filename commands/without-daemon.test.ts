// What each command does where jetpackd does not answer, and that its help says so.
import { describe, expect, test } from '@jest/globals';
import { ok } from '../protocol/result.ts';
import { flattened, shapeOf } from './completion/shapes.ts';
import { parseCommandLine, wholeProgram } from './parse.ts';
import { commands } from './table.ts';
import { runFake, type FakeNode, type Ran } from './testing/fake-host.ts';

/** How each is called where it needs the daemon, and where not. A command that is not here fails the test below. */
const calls: Readonly<Record<string, { readonly needs?: readonly string[]; readonly free?: readonly string[] }>> = {
  autoscale: { free: ['--corecount 4'] },
  completion: { free: ['bash'] },
  'condition set': { free: ['-n gpu -s OK'] },
  config: { free: ['', 'a', 'nope fallback', 'a --json'], needs: ['--watch', 'a --explain'] },
  converge: { needs: ['', '--plan', '--no-sync --rerun-scripts'] },
  download: { free: ['--project p blob'] },
  health: { free: ['', '--json'], needs: ['--run'] },
  'hostname-changed': { free: [''] },
  inspect: { needs: ['', '--json'] },
  keepalive: { free: ['show', 'show --json'], needs: ['', '2h', 'forever', 'cancel'] },
  log: { free: ['message'] },
  'props get': { free: ['', 'rack', 'nope fallback'] },
  'props set': { needs: ['rack r1'] },
  'props unset': { needs: ['rack'] },
  report_issue: { free: [''] },
  run_on_shutdown: { needs: ['/a', '--list', '--remove /a'] },
  send: { free: ['message -r key'] },
  shutdown: { needs: ['', '--idle', '--cancel'] },
  status: { free: ['', '--json'] },
  'sync wait': { needs: ['--role r --timeout 1s'] },
  test: { free: ['', '--json'] },
  users: { free: ['', '--json'] },
};

const health = { conditions: [{ name: 'gpu', status: 'OK', since: 0 }], running: false };

const away: FakeNode = {
  config: '{"a": 1, "cyclecloud": {"cluster": {"name": "lab"}, "node": {"name": "n1"}}}',
  files: { properties: '{"rack": "r7"}', users: '[]' },
  delivery: ok({ type: 'spooled', reason: 'jetpackd is not running: the message waits in /run/spool' }),
  lastKnown: { keepalive: { holds: false }, health, converge: {}, outbox: 2, spool: 1 },
  own: { report: async () => ok(undefined), download: async () => ok(undefined), test: async () => ok(undefined) },
};

const called = (name: string, line: string): Promise<Ran> => runFake([...name.split(' '), ...line.split(' ').filter((word) => word !== '')], away);

const leaves = flattened(shapeOf(await wholeProgram())).flatMap(({ commands: below, place }) => (below.length === 0 ? [place.slice(1).replaceAll('/', ' ')] : []));

const needs = Object.assign({}, ...(await Promise.all(Object.values(commands).map(async (load) => (await load()).needsDaemon)))) as Readonly<Record<string, unknown>>;

const helpOf = async (name: string): Promise<string> => {
  const parsed = await parseCommandLine([...name.split(' '), '-h'], '0');
  return parsed.type === 'text' ? parsed.text.replaceAll(/\s+/g, ' ') : '';
};

describe('where jetpackd does not answer', () => {
  test.each(leaves)('jetpack %s fails as far as its help says that it needs it, and no further', async (name) => {
    const { free = [], needs: needing = [] } = calls[name] ?? {};
    expect(free.length + needing.length).toBeGreaterThan(0);
    for (const line of needing) {
      expect([line, await called(name, line)]).toEqual([line, expect.objectContaining({ exit: 1, out: '', err: expect.stringMatching(/^jetpack .*\(daemon_unreachable\)\n$/) })]);
    }
    for (const line of free) {
      const { err, exit, out } = await called(name, line);
      // It did all that was asked; or it printed what it knows of it, and the line that says how that is has a code.
      expect([line, exit, out !== '' || exit === 0]).toEqual([line, err.endsWith(' (daemon_unreachable)\n') ? 1 : 0, true]);
      expect(err.split('\n').length).toBeLessThanOrEqual(2);
    }
    const help = await helpOf(name);
    const says = /Needs jetpackd(?: for (.+?))?[:;]/.exec(help);
    expect([needing.length > 0, says !== null]).toEqual([Object.hasOwn(needs, name), needing.length > 0]);
    // With a part of it that does not, the help says which does.
    expect(says?.[1] !== undefined).toBe(needing.length > 0 && free.length > 0);
  });

  test('no other command is said to need it', () => {
    expect(Object.keys(needs).filter((name) => name !== 'run-on-shutdown' && !leaves.includes(name))).toEqual([]);
  });

  test('a message that waits on disk, and an answer from files, come with a line on standard error', async () => {
    expect(await called('log', 'message')).toMatchObject({ exit: 0, out: '', err: expect.stringContaining('the message waits in') });
    expect(await called('keepalive', 'show')).toMatchObject({ exit: 0, out: 'not kept alive\n', err: 'jetpack keepalive: jetpackd is not running: this is what run/node.keepalive says\n' });
    expect(await called('health', '')).toMatchObject({ exit: 1, out: expect.stringContaining('gpu\tOK\t'), err: 'jetpack health: jetpackd is not running: this is what was found before (daemon_unreachable)\n' });
    expect((await called('health', '')).out).not.toContain('not run yet');
    expect(JSON.parse((await called('health', '--json')).out)).toEqual(health);
  });
});

describe('the help of a command that answers from files', () => {
  test.each([
    ['keepalive', 'It ends with 0 then too: that file holds all that was asked.'],
    ['health', 'Exit code 0 when all is well, 1 when one is Warning, Error or Unknown, and when nobody can say: where jetpackd does not answer'],
    ['status', 'Exit code 0 when jetpackd answers, and 1 when it does not: what files say, which it then shows'],
  ])('%s says with which code it ends where jetpackd does not answer', async (name, says) => {
    expect(await helpOf(name)).toContain(says);
  });
});

describe('jetpack status without jetpackd', () => {
  test('shows what files say of each part, and what only jetpackd could tell is unknown', async () => {
    const { err, exit, out } = await called('status', '');
    expect({ err, exit }).toEqual({ exit: 1, err: 'jetpack status: jetpackd is not running: this is what its files say (daemon_unreachable)\n' });
    expect(out.split('\n')).toEqual([
      'node\tlab/n1, jetpack 1.2.3',
      'phase\tunknown: jetpackd is not running',
      'outbox\t2 messages wait',
      'spool\t1 message waits',
      'health\t1 of 1 checks OK when they last ran',
      'keepalive\tnot kept alive',
      'converge\tnone yet',
      '',
    ]);
  });

  test('is JSON of the same, a member for each part that is known and one for those that are not', async () => {
    const { out } = await runFake(['status', '--json'], { ...away, lastKnown: { keepalive: { holds: true, reason: 'r' }, spool: 0 } });
    const unknown = Object.fromEntries(['outbox', 'health', 'converge'].map((part) => [part, `what is known of ${part} may not be read by this user`]));
    expect(JSON.parse(out)).toEqual({ cluster: 'lab', node: 'n1', version: '1.2.3', phase: 'unknown', away: 'jetpackd is not running', keepalive: { holds: true, reason: 'r' }, spool: 0, unknown });
  });

  test('says of a part why it is not known', async () => {
    const { out } = await runFake(['status'], { ...away, lastKnown: { spool: 0, converge: { last: { outcome: 'interrupted', done: 1, total: 3, step: 'demo/default 20-b.sh' } } } });
    expect(out).toContain('\nhealth\tnot known: what is known of health may not be read by this user\n');
    expect(out).toContain('\nconverge\tinterrupted: 1 of 3 scripts\n');
  });

  test('fails as it always did where nothing is known of a node', async () => {
    expect(await runFake(['status'], { lastKnown: { spool: 0 } })).toMatchObject({ exit: 1, out: '', err: 'jetpack status: jetpackd is not running (daemon_unreachable)\n' });
    expect(await runFake(['keepalive', 'show'], {})).toMatchObject({ exit: 1, out: '', err: 'jetpack keepalive: jetpackd is not running (daemon_unreachable)\n' });
  });
});
