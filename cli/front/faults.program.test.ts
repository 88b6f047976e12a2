// The front alone, by daemons that fail it in every way: it becomes the Node form in a second, with all that the caller gave.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { openSync, closeSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { FrontClient } from '../../node/front/testing/front-client.ts';
import { told } from '../../node/front/testing/front-client.ts';
import { isThereFront } from './testing/compiler.ts';
import { FrontStage, say } from './testing/front-stage.ts';

let folder: string;
let stage: FrontStage;

/** Long enough for a program to begin on a machine that has others to run, and no patience of the front's is as long. */
const soonMs = 6_000;

/** Of what a front became: under which id, and after how long. */
const handover = (out: string) => {
  const [, id, waited] = /^handed over: (\S+) (\d+)\n/.exec(out) ?? [];
  return { id, waitedMs: Number(waited) };
};

/** How long a daemon was waited for in vain. */
const waited = (out: string): string => {
  const { waitedMs } = handover(out);
  return waitedMs >= 1_000 && waitedMs < soonMs ? 'a second' : `${waitedMs} ms`;
};

const text = (bytes: number): string => Array.from({ length: Math.ceil(bytes / 8) }, (_, index) => String(index).padStart(7, '0')).join('\n').slice(0, bytes);

const send = ['send', '-r', 'a.b', '-f', '-'];

const silent = (): void => undefined;

if (await isThereFront()) {
  beforeAll(async () => {
    folder = await FrontStage.compile();
  });

  beforeEach(() => {
    stage = new FrontStage(folder);
  });

  afterEach(() => stage.remove());

  afterAll(() => FrontStage.dispose(folder));

  describe('the front', () => {
    test('does what the daemon says, and becomes no Node form', async () => {
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
    ])('that has a daemon which %s becomes the Node form at once, and has printed nothing', async (_what, behave) => {
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

    test('that finds no room before a daemon which is frozen waits a second', async () => {
      const { child, path: socket } = await stage.process([], 1);
      child.kill('SIGSTOP');
      const clients = Array.from({ length: 8 }, () => connect(socket));
      const refused = clients.map((client) => once(client, 'error').catch(silent));
      await Promise.race(refused);
      expect(waited((await stage.run(['log'])).out)).toBe('a second');
      for (const client of clients) client.destroy();
    });

    test('that can write no more to its daemon waits a second', async () => {
      const file = path.join(stage.home.home, 'file');
      writeFileSync(file, Buffer.alloc(8_000_000));
      await stage.daemon((front) => {
        say(front, ['F', '1 0 7000000']);
        front.socket.pause();
      });
      expect(waited((await stage.run([file])).out)).toBe('a second');
    });
  });

  describe('standard input of the front', () => {
    const million = text(1_000_000);

    test.each([
      ['leaves it to the Node form', (front: FrontClient) => say(front, ['P'])],
      ['goes away', (front: FrontClient) => front.socket.destroy()],
      ['falls silent', silent],
    ])('is there for the Node form, all of it, when the daemon has a part and %s', async (_what, behave) => {
      await stage.daemon(async (front) => {
        say(front, ['N']);
        expect((await front.next())?.type).toBe('D');
        behave(front);
      });
      const { exit, out } = await stage.run(send, { env: stage.reads, input: million });
      expect({ exit, id: handover(out).id }).toEqual({ exit: 7, id: expect.any(String) });
      expect(stage.read === million).toBe(true);
    });

    test('is there for it as it comes, and when it is a file', async () => {
      await stage.daemon(async (front) => {
        say(front, ['N']);
        await front.next();
        say(front, ['P']);
      });
      const child = stage.start(send, { env: stage.reads });
      child.stdin?.write('one ');
      await once(child.stdout!, 'readable');
      child.stdin?.end('two');
      await stage.end(child);
      expect(stage.read).toBe('one two');
      const file = path.join(stage.home.home, 'file');
      writeFileSync(file, million);
      const descriptor = openSync(file, 'r');
      await stage.run(send, { env: stage.reads, stdio: [descriptor, 'pipe', 'pipe'] });
      closeSync(descriptor);
      expect(stage.read === million).toBe(true);
    });

    test('is there for it when the daemon has all of it', async () => {
      await stage.daemon(async (front) => {
        for (let heard = 'D'; heard === 'D'; heard = (await front.next())?.type ?? '') say(front, ['N']);
        say(front, ['P']);
      });
      await stage.run(send, { env: stage.reads, input: million });
      expect(stage.read === million).toBe(true);
    });

    test('is let go when the Node form ends, and holds up nobody who reads its output', async () => {
      await stage.daemon(async (front) => {
        say(front, ['N']);
        await front.next();
        say(front, ['P']);
      });
      const child = stage.start(send);
      child.stdin?.write('one');
      const gone = once(child.stdin!, 'close');
      expect((await stage.end(child)).exit).toBe(7);
      await waitFor('whoever handed it on to end', () => {
        child.stdin?.write('more');
        return child.stdin?.destroyed === true;
      });
      await gone;
    });

    test('may take its time, which is not the daemon’s', async () => {
      await stage.daemon(async (front) => {
        say(front, ['N']);
        say(front, ['O', String((await front.next())?.text)], ['Q', '0']);
      });
      expect(await stage.run([], { shell: '(sleep 1.5; echo late) | "$0" send' })).toMatchObject({ exit: 0, out: 'late\n' });
    });

    test('of a file that can be read again is read again by the Node form; a pipe with a name cannot, and no part of it is taken for all', async () => {
      await stage.daemon(async (front) => {
        say(front, ['F', '2 0 1048576']);
        await front.next();
        say(front, ['P']);
      });
      const [file, pipe] = ['file', 'pipe'].map((name) => path.join(stage.home.home, name));
      writeFileSync(file!, million);
      expect(await stage.run(['-f', file!])).toMatchObject({ exit: 7, err: '' });
      const named = 'mkfifo "$2" && { cat "$3" > "$2" 2> /dev/null & } && exec "$0" -f "$2"';
      expect(await stage.run(['-f', pipe!, file!], { shell: named })).toMatchObject({ exit: 1, out: '', err: expect.stringMatching(/^jetpack: [^\n]*pipe[^\n]*\(daemon_unreachable\)\n$/) });
    });

    test('leads to the Node form when the daemon is frozen after it asked for it, whatever it said of patience', async () => {
      const { child, said } = await stage.process([told('K', '600000'), told('N')]);
      const front = stage.start(send, { env: stage.reads });
      const ended = stage.end(front);
      await said;
      child.kill('SIGSTOP');
      front.stdin?.end('all of it');
      const { exit, out } = await ended;
      expect(exit).toBe(7);
      expect(waited(out)).toBe('a second');
      expect(stage.read).toBe('all of it');
    });
  });

  describe('what the front prints', () => {
    const much = text(300_000);

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

    test('is waited for on an input that does not wait', async () => {
      await stage.daemon(async (front) => {
        say(front, ['N']);
        say(front, ['O', String((await front.next())?.text)], ['Q', '0']);
      });
      const python = `import os, subprocess, sys, time
r, w = os.pipe()
os.set_blocking(r, False)
child = subprocess.Popen(sys.argv[1:], stdin=r)
time.sleep(0.3)
os.write(w, b'here')
os.close(w)
sys.exit(child.wait())`;
      expect(await stage.run([python], { shell: 'exec python3 -c "$1" "$0" send' })).toMatchObject({ exit: 0, out: 'here', err: '' });
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
} else {
  test('there is no front to try where there is no C compiler', async () => expect(await isThereFront()).toBe(false));
}
