// Both fronts alone, by daemons that fail them in every way: what they leave to the commands is there in a second, with all that the caller
// gave. What only the native one does, read standard input and files, is in native.program.test.ts.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { told, type FrontClient } from '../../node/front/testing/front-client.ts';
import { isThereFront } from './testing/compiler.ts';
import { FrontStage, say, type FrontKind } from './testing/front-stage.ts';
import { handover, soonMs, textOf, waited } from './testing/left.ts';

let folder: string;
let stage: FrontStage;

const silent = (): void => undefined;

const kinds: readonly FrontKind[] = (await isThereFront()) ? ['native', 'Node'] : ['Node'];

describe.each(kinds)('the front, %s,', (kind) => {
  beforeAll(async () => {
    folder = await FrontStage.make(kind);
  });

  beforeEach(() => {
    stage = new FrontStage(folder);
  });

  afterEach(() => stage.remove());

  afterAll(() => FrontStage.dispose(folder));

  test('does what the daemon says, and leaves nothing to the commands', async () => {
    await stage.daemon((front) => say(front, ['R', 'careful\n'], ['O', 'one\n'], ['O', 'two\n'], ['Q', '5']));
    expect(await stage.run(['config', 'a'])).toMatchObject({ exit: 5, out: 'one\ntwo\n', err: 'careful\n' });
  });

  test('tells arguments as they are, and of the environment what commands look at', async () => {
    let heard: readonly string[] = [];
    await stage.daemon((front, frames) => {
      heard = frames.filter(({ type }) => type === 'A' || type === 'E').map(({ type, text: content }) => `${type}${content}`);
      say(front, ['Q', '0']);
    });
    const env = { CYCLECLOUD_PASSWORD: 'secret', CYCLECLOUD_PROJECT_NAME: 'p', CYCLECLOUD_HOME: '/none', NO_COLOR: '', NO_COLOR_AT_ALL: '1', AWS_SECRET_ACCESS_KEY: 'secret' };
    await stage.run(['a  b', '', '$x\n'], { env });
    const home = `EJETPACK_HOME=${stage.home.paths.home}`;
    expect(heard.toSorted()).toEqual(['A', 'A$x\n', 'Aa  b', 'ECYCLECLOUD_HOME=/none', 'ECYCLECLOUD_PROJECT_NAME=p', home, 'ENO_COLOR=']);
  });

  test.each([
    ['is silent', silent],
    ['says half a frame', (front: FrontClient) => front.send(told('O', 'output').subarray(0, 7))],
    ['says how it begins, and no more', (front: FrontClient) => say(front, ['O', 'output\n'])],
  ])('that has a daemon which %s waits a second, and hands on its id, its time and its arguments', async (_what, behave) => {
    let id: string | undefined;
    await stage.daemon((front, frames) => {
      id = frames.find(({ type }) => type === 'I')?.text;
      behave(front);
    });
    const { exit, out, err } = await stage.run(['log', 'two  words', '']);
    expect({ exit, err, rest: out.slice(out.indexOf('\n') + 1) }).toEqual({ exit: 7, err: '', rest: '<log>\n<two  words>\n<>\n' });
    expect(handover(out).id).toBe(id);
    expect(waited(out)).toBe('a second');
  });

  test('waits as long as it is told, and then no longer', async () => {
    await stage.daemon((front) => say(front, ['K', '1500']));
    const { exit, out } = await stage.run(['log', 'x']);
    expect(exit).toBe(7);
    expect(handover(out).waitedMs).toBeGreaterThanOrEqual(1_500);
    expect(handover(out).waitedMs).toBeLessThan(1_500 + soonMs);
  });

  test.each([
    ['ends', (front: FrontClient) => front.socket.end()],
    ['ends after it began', (front: FrontClient) => front.socket.end(told('O', 'output\n'))],
    ['leaves it to the Node form', (front: FrontClient) => say(front, ['O', 'output\n'], ['P'])],
    ['says what no front knows', (front: FrontClient) => say(front, ['O', 'output\n'], ['?'])],
    ['ends with a code that no program has', (front: FrontClient) => say(front, ['O', 'output\n'], ['Q', '256'])],
  ])('that has a daemon which %s leaves it to the commands at once, and has printed nothing', async (_what, behave) => {
    await stage.daemon(behave);
    const { exit, out, err } = await stage.run(['log']);
    expect({ exit, err, out: out.slice(out.indexOf('\n') + 1) }).toEqual({ exit: 7, err: '', out: '<log>\n' });
    expect(handover(out).waitedMs).toBeLessThan(1_000);
  });

  test('that is taken by a daemon which is frozen waits a second', async () => {
    const { child } = await stage.process([]);
    child.kill('SIGSTOP');
    expect(waited((await stage.run(['log'])).out)).toBe('a second');
  });

  // The system tells Node at once, and the commands wait by themselves.
  test(`that finds no room before a daemon which is frozen ${kind === 'native' ? 'waits a second' : 'leaves it to the commands at once'}`, async () => {
    const { child, path: socket } = await stage.process([], 1);
    child.kill('SIGSTOP');
    const clients = Array.from({ length: 8 }, () => connect(socket));
    const refused = clients.map((client) => once(client, 'error').catch(silent));
    await Promise.race(refused);
    const { out } = await stage.run(['log']);
    expect(waited(out)).toMatch(kind === 'native' ? /^a second$/ : /^\d{1,3} ms$/);
    for (const client of clients) client.destroy();
  });

  describe('what it prints', () => {
    const much = textOf(300_000);

    test('comes whole through a pipe that does not wait', async () => {
      await stage.daemon((front) => say(front, ['O', much], ['Q', '0']));
      // Reads late, and everything.
      const python = `import os, subprocess, sys, time
r, w = os.pipe()
os.set_blocking(w, False)
child = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(w)
time.sleep(0.3)
with os.fdopen(r, 'rb') as out: sys.stdout.buffer.write(out.read())
sys.exit(child.wait())`;
      const { exit, out } = await stage.run([python], { shell: 'exec python3 -c "$1" "$0" config' });
      expect({ exit, same: out === much }).toEqual({ exit: 0, same: true });
    });

    test('and cannot be written is a failure, in one line', async () => {
      await stage.daemon((front) => say(front, ['O', 'value\n'], ['Q', '0']));
      const err = 'jetpack: standard output cannot be written (file_unwritable)\n';
      expect(await stage.run([], { shell: 'exec "$0" config > /dev/full' })).toMatchObject({ exit: 1, out: '', err });
    });

    test('and nobody reads changes nothing', async () => {
      await stage.daemon((front) => say(front, ['O', much], ['Q', '3']));
      expect(await stage.run([], { shell: '{ "$0" config; echo "$?" >&2; } | true' })).toMatchObject({ err: '3\n' });
    });

    test('goes nowhere else when its descriptors are closed', async () => {
      let spoken: string | undefined = '';
      await stage.daemon(async (front) => {
        say(front, ['O', 'value\n'], ['R', 'careful\n'], ['Q', '0']);
        spoken = (await front.next())?.type;
      });
      expect(await stage.run([], { shell: '"$0" config <&- >&- 2>&-' })).toMatchObject({ exit: 0, out: '', err: '' });
      await waitFor('the front to have ended', () => spoken === undefined);
    });
  });
});
