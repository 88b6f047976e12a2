// What the native front does and no other: it reads standard input and files for the daemon, and hands on what it has read.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { told, type FrontClient } from '../../node/front/testing/front-client.ts';
import { isThereFront } from './testing/compiler.ts';
import { FrontStage, say } from './testing/front-stage.ts';
import { handover, textOf, waited } from './testing/left.ts';

let folder: string;
let stage: FrontStage;

const send = ['send', '-r', 'a.b', '-f', '-'];

const silent = (): void => undefined;

/** A daemon that has one piece of standard input, and leaves the rest. */
const takesAPiece = async (front: FrontClient): Promise<void> => {
  say(front, ['N']);
  await front.next();
  say(front, ['P']);
};

if (await isThereFront()) {
  beforeAll(async () => {
    folder = await FrontStage.make('native');
  });

  beforeEach(() => {
    stage = new FrontStage(folder);
  });

  afterEach(() => stage.remove());

  afterAll(() => FrontStage.dispose(folder));

  describe('standard input of the front', () => {
    const million = textOf(1_000_000);

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
      await stage.daemon(takesAPiece);
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
      await stage.daemon(takesAPiece);
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

    test('of a file has a second until the daemon takes more of it', async () => {
      const file = path.join(stage.home.home, 'file');
      writeFileSync(file, Buffer.alloc(8_000_000));
      await stage.daemon((front) => {
        say(front, ['F', '1 0 7000000']);
        front.socket.pause();
      });
      expect(waited((await stage.run([file])).out)).toBe('a second');
    });
  });
} else {
  test('there is no front to try where there is no C compiler', async () => expect(await isThereFront()).toBe(false));
}
