import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { ManualClock } from '../../effects/manual-clock.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { beginning, FrontClient, told } from '../../node/front/testing/front-client.ts';
import { TestHome } from '../testing/daemon.ts';
import { askFront, largestFrame, type Answer } from './ask-front.ts';
import { say } from './testing/front-stage.ts';

let home: TestHome;
let clock: ManualClock;

beforeEach(() => {
  home = new TestHome();
  clock = new ManualClock();
});

afterEach(() => home.remove());

/** Of this daemon, or whoever is at these sockets. `readings`: pieces of what it says that have been read. */
const ask = (sockets: readonly string[] = [home.sockets().front]) => {
  const asked = { readings: 0, answer: Promise.resolve<Answer>({ type: 'left', waitedMs: 0 }) };
  const counted = (to: string): Socket => {
    const socket = connect(to);
    // After the one that reads it.
    setImmediate(() => socket.on('data', () => (asked.readings += 1)));
    return socket;
  };
  asked.answer = askFront({ sockets, run: beginning(['log', 'x']), clock, connect: counted });
  return asked;
};

/** Serves one front, once it has told everything. */
const daemon = (behave: (front: FrontClient) => void, on: 'front' | 'frontAdmin' = 'front'): Promise<void> =>
  home.impostor((socket) => {
    const front = new FrontClient(socket);
    const begin = async (): Promise<void> => {
      for (let next = await front.next(); next !== undefined && next.type !== 'G'; next = await front.next());
      behave(front);
    };
    void begin();
  }, on);

/** As text. */
const done = async (answer: Promise<Answer>) => {
  const answered = await answer;
  return answered.type === 'done' ? { exit: answered.exit, printed: answered.printed.map(({ bytes, to }) => [to, Buffer.from(bytes).toString()]) } : answered;
};

const left = (waitedMs = 0): Answer => ({ type: 'left', waitedMs });

test('what the daemon says to print is there in its order, with the exit code, and the connection is let go', async () => {
  let closed = false;
  await daemon((front) => {
    front.socket.on('close', () => (closed = true));
    say(front, ['O', 'one\n'], ['R', 'careful\n'], ['O', ''], ['O', 'zwölf\n'], ['Q', '5']);
  });
  expect(await done(ask().answer)).toEqual({ exit: 5, printed: [[1, 'one\n'], [2, 'careful\n'], [1, ''], [1, 'zwölf\n']] });
  await waitFor('the daemon to see it', () => closed);
  expect(clock.armed).toBe(0);
});

test('an answer in pieces of any size is the same', async () => {
  const much = 'm'.repeat(300_000);
  await daemon((front) => {
    const bytes = Buffer.concat([told('O', 'one'), told('O', much), told('Q', '0')]);
    const send = (at: number, size: number): void => {
      if (at < bytes.length) front.socket.write(bytes.subarray(at, at + size), () => setImmediate(send, at + size, at < 20 ? 1 : 100_000));
    };
    send(0, 1);
  });
  expect(await done(ask().answer)).toEqual({ exit: 0, printed: [[1, 'one'], [1, much]] });
});

test.each([
  ['leaves it to the Node form', ['P']],
  ['wants standard input', ['N']],
  ['wants a file', ['F', '1 0 7']],
  ['says what no front knows', ['?']],
  ['says an exit code that no program has', ['Q', '256']],
  ['says an exit code that is none', ['Q', 'five']],
  ['says a time that is none', ['K', '-1']],
] as const)('a daemon that %s has it left at once, whatever there was to print', async (_what, word) => {
  await daemon((front) => say(front, ['O', 'output\n'], word));
  expect(await ask().answer).toEqual(left());
  expect(clock.armed).toBe(0);
});

test.each([
  ['ends', Buffer.alloc(0)],
  ['ends within a frame', told('O', 'output').subarray(0, 7)],
  ['ends before it says how it went', told('O', 'output')],
])('a daemon that %s has it left at once', async (_what, bytes) => {
  await daemon((front) => front.socket.end(bytes));
  expect(await ask().answer).toEqual(left());
});

test('a frame that is too large is not waited for', async () => {
  await daemon((front) => {
    const head = told('O');
    head.writeUInt32BE(largestFrame + 1, 1);
    front.send(head);
  });
  expect(await ask().answer).toEqual(left());
});

test('a daemon that is silent has a second, also one that has begun', async () => {
  await daemon((front) => front.send(told('O', 'output').subarray(0, 7)));
  const asked = ask();
  await waitFor('what it says to be read', () => asked.readings > 0);
  await clock.advance(999);
  expect(clock.armed).toBe(1);
  await clock.advance(1);
  expect(await asked.answer).toEqual(left(1_000));
});

test('a daemon that asks for more time has it from then on, and no longer', async () => {
  const fronts: FrontClient[] = [];
  await daemon((front) => {
    fronts.push(front);
    say(front, ['K', '5000']);
  });
  const [patient, answered] = [ask(), ask()];
  await waitFor('both to hear it', () => patient.readings > 0 && answered.readings > 0);
  await clock.advance(4_999);
  say(fronts[1]!, ['O', 'late'], ['Q', '0']);
  const ended = await Promise.race([done(patient.answer), done(answered.answer)]);
  expect(ended).toEqual({ exit: 0, printed: [[1, 'late']] });
  say(fronts[0]!, ['Q', '0']);
  expect(await Promise.all([done(patient.answer), done(answered.answer)])).toContainEqual({ exit: 0, printed: [] });
  const third = ask();
  await waitFor('it to hear it', () => third.readings > 0);
  await clock.advance(5_000);
  expect(await third.answer).toEqual(left(5_000));
});

test('where nobody is by the first path, the second is tried', async () => {
  await daemon((front) => say(front, ['Q', '3']));
  const { front, frontAdmin } = home.sockets();
  expect(await done(ask([frontAdmin, front]).answer)).toEqual({ exit: 3, printed: [] });
  expect(await ask([frontAdmin, path.join(home.home, 'nobody')]).answer).toEqual(left());
});

test('the first who is there is asked, and no other after it', async () => {
  await daemon((front) => say(front, ['Q', '3']));
  await daemon((front) => front.socket.end(), 'frontAdmin');
  const { front, frontAdmin } = home.sockets();
  expect(await ask([frontAdmin, front]).answer).toEqual(left());
});
