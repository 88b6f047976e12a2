import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { settle } from '../actors/testing/world.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { fail, ok, type Failure, type Result } from '../protocol/result.ts';
import { exitWith, runProgram, type Host, type RunningProgram } from './program.ts';

const fakeHost = () => {
  const listeners: Array<(signal: string) => void> = [];
  const lines: string[] = [];
  const codes: number[] = [];
  const host: Host = {
    argv: [],
    env: {},
    onSignal: (listener) => void listeners.push(listener),
    stdout: () => undefined,
    stderr: (text) => void lines.push(text),
    exit: (code) => void codes.push(code),
  };
  const signal = async (name: string): Promise<void> => {
    for (const listener of listeners) listener(name);
    await settle();
  };
  return { codes, host, lines, signal };
};

/** A program that runs until the test has it end. */
const begin = async (start?: (stopping: AbortSignal) => Promise<Result<RunningProgram>>, over?: RunningProgram['over']) => {
  const faked = fakeHost();
  const clock = new ManualClock();
  const escalated = Promise.withResolvers<Failure>();
  const stopping = Promise.withResolvers<void>();
  let stops = 0;
  const running: RunningProgram = {
    stop: () => {
      stops += 1;
      return stopping.promise;
    },
    escalated: escalated.promise,
    ...(over === undefined ? {} : { over }),
  };
  const ended = runProgram(faked.host, 'prog', start ?? (() => Promise.resolve(ok(running))), clock);
  await settle();
  return {
    ...faked,
    clock,
    ended,
    running,
    escalate: async (failure: Failure) => {
      escalated.resolve(failure);
      await settle();
    },
    stopped: async () => {
      stopping.resolve();
      await settle();
    },
    stops: () => stops,
  };
};

describe('a program', () => {
  test.each(['SIGINT', 'SIGTERM'])('drains at the first %s and ends with 0', async (name) => {
    const { clock, codes, lines, signal, stopped, stops } = await begin();
    expect([codes, stops()]).toEqual([[], 0]);
    await signal(name);
    expect([codes, stops()]).toEqual([[], 1]);
    await stopped();
    expect([codes, lines, clock.armed]).toEqual([[0], [], 0]);
  });

  test('that is asked to stop while it still starts is told so, and ends with 0', async () => {
    const stopped: RunningProgram = { stop: () => Promise.resolve(), escalated: new Promise(() => undefined) };
    const start = (stopping: AbortSignal): Promise<Result<RunningProgram>> => new Promise((resolve) => stopping.addEventListener('abort', () => resolve(ok(stopped))));
    const { clock, codes, lines, signal } = await begin(start);
    await clock.advance(60_000);
    expect(codes).toEqual([]);
    await signal('SIGTERM');
    expect([codes, lines, clock.armed]).toEqual([[0], [], 0]);
  });

  test('ends at once with 1 at a second signal', async () => {
    const { codes, signal, stops } = await begin();
    await signal('SIGINT');
    await signal('SIGTERM');
    expect([codes, stops()]).toEqual([[1], 1]);
  });

  test('that does not stop within 4.5 s says so and ends with 1', async () => {
    const { clock, codes, lines, signal } = await begin();
    await signal('SIGTERM');
    await clock.advance(4_499);
    expect(codes).toEqual([]);
    await clock.advance(1);
    expect([codes, lines]).toEqual([[1], ['prog: did not stop within 4500 ms\n']]);
  });

  test('whose root supervisor gave up stops, says why in one line, and ends with the code of that failure', async () => {
    const { codes, escalate, lines, stopped, stops } = await begin();
    await escalate(fail('broker_credentials', 'amqp://b:5672/ refuses the user name or password').error);
    expect([codes, stops()]).toEqual([[], 1]);
    await stopped();
    expect([codes, lines]).toEqual([[1], ['prog: amqp://b:5672/ refuses the user name or password (broker_credentials)\n']]);
  });

  test('whose root supervisor gave up has no more time to stop than any other', async () => {
    const { clock, codes, escalate, lines } = await begin();
    await escalate(fail('internal', 'a defect').error);
    await clock.advance(4_500);
    expect([codes, lines]).toEqual([[1], ['prog: did not stop within 4500 ms\n']]);
  });

  test.each([
    ['well', undefined, 0, []],
    ['badly', fail('timeout', 'not every node was ready').error, 1, ['prog: not every node was ready (timeout)\n']],
  ] as const)('that is over by itself stops, and then says that it went %s', async (_how, failure, code, expected) => {
    const over = Promise.withResolvers<() => Failure | undefined>();
    const { codes, lines, stopped } = await begin(undefined, over.promise);
    let asked = 0;
    over.resolve(() => {
      asked += 1;
      return failure;
    });
    await settle();
    expect([asked, codes]).toEqual([0, []]);
    await stopped();
    expect([codes, lines]).toEqual([[code], expected]);
  });
});

describe('a program that cannot start', () => {
  test.each([
    ['usage', 2, 'what is wrong'],
    ['home_unusable', 1, 'what is wrong (home_unusable)'],
  ] as const)('because of %s says so in one line and ends with %d', async (code, exit, line) => {
    const { codes, lines } = await begin(() => Promise.resolve(fail(code, 'what is wrong')));
    expect([codes, lines]).toEqual([[exit], [`prog: ${line}\n`]]);
  });

  test('by a defect says so in one line without a stack, and ends with 1', async () => {
    const { codes, ended, lines } = await begin(() => Promise.reject(new TypeError('x is not a function')));
    await ended;
    expect([codes, lines]).toEqual([[1], ['prog: x is not a function (internal)\n']]);
  });
});

describe('a signal while the program starts', () => {
  test('has it stop as soon as it has started', async () => {
    const starting = Promise.withResolvers<Result<RunningProgram>>();
    const { codes, running, signal, stopped, stops } = await begin(() => starting.promise);
    await signal('SIGTERM');
    expect([codes, stops()]).toEqual([[], 0]);
    starting.resolve(ok(running));
    await settle();
    await stopped();
    expect([codes, stops()]).toEqual([[0], 1]);
  });

  test('ends a start that hangs', async () => {
    const { clock, codes, signal } = await begin(() => new Promise(() => undefined));
    await signal('SIGTERM');
    await clock.advance(4_500);
    expect(codes).toEqual([1]);
  });
});

test('a stop that fails by a defect ends with one line and 1', async () => {
  const { codes, lines } = await begin(() =>
    Promise.resolve(ok({ stop: () => Promise.reject(new Error('the file is closed')), escalated: new Promise<never>(() => undefined), over: Promise.resolve(() => undefined) })),
  );
  expect([codes, lines]).toEqual([[1], ['prog: the file is closed (internal)\n']]);
});

test('a line that names its program already is not made to say it twice', () => {
  const { codes, host, lines } = fakeHost();
  exitWith(host, 'prog', fail('usage', "prog: unknown option '--x'; see prog --help").error);
  expect([codes, lines]).toEqual([[2], ["prog: unknown option '--x'; see prog --help\n"]]);
});

test('a program whose standard output nobody reads goes on', async () => {
  const program = `
    import { processHost } from ${JSON.stringify(path.join(import.meta.dirname, 'program.ts'))};
    for (let line = 0; line < 20; line += 1) {
      processHost.stdout('a line\\n');
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.exit(0);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = await once(child, 'close');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
});
