import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { beginning, runId, told } from './testing/front-client.ts';
import { exits, FrontDaemon, nodeForm } from './testing/front-daemon.ts';

let daemon: FrontDaemon;

beforeEach(() => {
  daemon = new FrontDaemon();
});

afterEach(() => daemon.close());

describe('a command of the front', () => {
  test('that answers from files is printed in one go, then its exit code', async () => {
    await daemon.listen();
    expect(await daemon.jetpack(['config', 'a.b'])).toEqual([{ type: 'O', text: 'True\n' }, exits(0)]);
    expect(await daemon.jetpack(['config', 'nope'])).toEqual([{ type: 'R', text: "jetpack config: the configuration has no key 'nope' (key_missing)\n" }, exits(1)]);
    expect(await daemon.jetpack(['config', '--nope'])).toEqual([{ type: 'R', text: expect.stringContaining("unknown option '--nope'") }, exits(2)]);
    expect(await daemon.jetpack(['-v'])).toEqual([{ type: 'O', text: expect.stringMatching(/^8\.10\.0-\d+\n$/) }, exits(0)]);
  });

  test('reaches the daemon under the id that the front minted, in the trace of the caller', async () => {
    await daemon.listen();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(await daemon.jetpack(['log', 'ready'], { env: { TRACEPARENT: traceparent } })).toEqual([exits(0)]);
    expect(daemon.requests).toMatchObject([{ verb: 'log', id: runId, message: 'ready', trace: { traceparent } }]);
  });

  test('has its home from an option too, from where the caller stands', async () => {
    await daemon.listen();
    expect(await daemon.jetpack(['--home', path.basename(daemon.home), 'config', 'a.b'], { cwd: path.dirname(daemon.home), env: { JETPACK_HOME: '' } })).toMatchObject([{ type: 'O' }, exits(0)]);
  });

  test('is served to a caller whose folder is gone, unless its home starts from there', async () => {
    await daemon.listen();
    expect(await daemon.jetpack(['config', 'a.b'], { cwd: null })).toEqual([{ type: 'O', text: 'True\n' }, exits(0)]);
    expect(await daemon.jetpack(['--home', 'here', 'config', 'a.b'], { cwd: null })).toEqual([{ type: 'R', text: expect.stringContaining("'here' starts from the working folder, which is gone") }, exits(2)]);
  });
});

describe('an answer', () => {
  test('that takes its time is announced, and one that is there at once is not', async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    await daemon.listen(async ({ id }) => {
      asked.resolve();
      await answered.promise;
      return { ok: true, id, result: null };
    });
    const front = daemon.client();
    front.send(beginning(['keepalive'], daemon.environment()));
    await asked.promise;
    await daemon.clock.advance(100);
    await waitFor('the front to be told', () => front.patience.length > 0);
    answered.resolve();
    expect(await front.rest()).toMatchObject([{ type: 'O' }, exits(0)]);
    const second = daemon.client();
    second.send(beginning(['keepalive'], daemon.environment()));
    expect(await second.rest()).toMatchObject([{ type: 'O' }, exits(0)]);
    await daemon.clock.advance(1_000);
    expect([front.patience, second.patience]).toEqual([['6900'], []]);
  });
});

describe('standard input and files', () => {
  test('are asked for when they are wanted, and not before', async () => {
    await daemon.listen();
    const front = daemon.client();
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], daemon.environment()));
    expect(await front.next()).toEqual({ type: 'N', text: '' });
    front.send(told('D', 'one '));
    expect(await front.next()).toEqual({ type: 'N', text: '' });
    front.send(told('D', 'two'));
    expect(await front.next()).toEqual({ type: 'N', text: '' });
    front.send(told('Z'));
    expect(await front.rest()).toEqual([exits(0)]);
    expect(daemon.requests).toMatchObject([{ verb: 'send', bodyBase64: Buffer.from('one two').toString('base64') }]);
  });

  test.each([
    [['send', '-r', 'a.b', '-f', 'grün.json'], '5 0 4194304'],
    [['send', '-r', 'a.b', '--file=grün.json'], '4 7 4194304'],
    [['send', '-fgrün.json', '-r', 'a.b'], '2 2 4194304'],
  ])('of %j the front is told argument and byte, and no path', async (argv, where) => {
    await daemon.listen();
    const front = daemon.client();
    front.send(beginning(argv, daemon.environment()));
    expect(await front.next()).toEqual({ type: 'F', text: where });
    front.send(Buffer.concat([told('D', 'content'), told('Z')]));
    expect(await front.rest()).toEqual([exits(0)]);
  });

  test('that cannot be read are an error by its name', async () => {
    await daemon.listen();
    const front = daemon.client();
    front.send(beginning(['send', '-r', 'a.b', '-f', 'none'], daemon.environment()));
    expect((await front.next())?.type).toBe('F');
    front.send(told('X', '13'));
    expect(await front.rest()).toEqual([{ type: 'R', text: 'jetpack send: none may not be read by this user (file_unreadable)\n' }, exits(1)]);
  });

  test('are no reason to wait for a front that is gone', async () => {
    const listener = await daemon.listen();
    const front = daemon.client();
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], daemon.environment()));
    expect((await front.next())?.type).toBe('N');
    await front.close();
    await listener.drain();
    expect(daemon.requests).toEqual([]);
  });
});

describe('the Node form takes', () => {
  test.each([
    ['a command that prints while it works', ['converge'], {}],
    ['a watch', ['config', 'a', '--watch'], {}],
    ['another home', ['--home', '/elsewhere', 'config', 'a'], {}],
    ['traces of its own', ['log', 'x'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }],
    ['another time zone', ['keepalive', 'show'], { TZ: 'Pacific/Kiritimati' }],
    ['a debugging run', ['log', 'x'], { JETPACK_DEBUG: '1' }],
    ['what another socket serves', ['inspect'], {}],
  ])('%s, and nothing was done', async (_what, argv, env) => {
    await daemon.listen();
    expect(await daemon.jetpack(argv, { env })).toEqual(nodeForm);
    expect(daemon.requests).toEqual([]);
  });

  test('no defect of the daemon: that is an answer, and its log says more', async () => {
    await daemon.listen(() => {
      throw new Error('boom');
    });
    expect(await daemon.jetpack(['keepalive'])).toEqual([{ type: 'R', text: expect.stringContaining('(internal)') }, exits(1)]);
    expect(daemon.log.lines).toContain('error: a local request failed by a defect');
  });

  test('what finds no memory', async () => {
    await daemon.listen(daemon.accepts, { sharedMemory: 100, ownMemory: 2_000 });
    writeFileSync(daemon.nodeJson, JSON.stringify({ a: 'x'.repeat(5_000) }));
    expect(await daemon.jetpack(['config', 'a'])).toEqual(nodeForm);
  });

  test('a message that the daemon cannot take now: its process spools it, and the daemon writes no file for it', async () => {
    await daemon.listen(async ({ id }) => ({ ok: false, id, code: 'timeout', message: 'busy' }));
    expect(await daemon.jetpack(['log', 'text'])).toEqual(nodeForm);
    expect(readdirSync(path.join(daemon.home, 'run', 'spool')).filter((name) => name !== 'rejected')).toEqual([]);
  });

  test('whoever waits for its input when the daemon drains', async () => {
    const listener = await daemon.listen();
    const front = daemon.client();
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], daemon.environment()));
    expect((await front.next())?.type).toBe('N');
    const drained = listener.drain();
    expect(await front.rest()).toEqual(nodeForm);
    await drained;
  });

  test('what came when the daemon serves as many as it may', async () => {
    const asking = Promise.withResolvers<void>();
    await daemon.listen(
      () => {
        asking.resolve();
        return new Promise(() => undefined);
      },
      { connections: 1 },
    );
    daemon.client().send(beginning(['keepalive'], daemon.environment()));
    await asking.promise;
    // It may be cut off before it has heard that it is to do without, which it then does.
    expect([nodeForm, []]).toContainEqual(await daemon.jetpack(['config', 'a.b']));
  });
});

describe('a file of the home that the group may not read', () => {
  const users = [{ name: 'a', uid: 1, isOwner: true, isAdmin: true }];

  const place = (name: string, content: unknown, mode: number): void => {
    const file = path.join(path.dirname(daemon.nodeJson), name);
    writeFileSync(file, JSON.stringify(content));
    chmodSync(file, mode);
  };

  test.each([
    ['auth.json', ['users', '--json'], users],
    ['node.json', ['config', 'a.b'], { a: { b: true } }],
    ['properties.json', ['props', 'get', 'a.b'], { a: { b: 'c' } }],
  ])('%s is not shown to it by %j, but to the user of the daemon', async (name, argv, content) => {
    await daemon.listen();
    place('auth.json', users, 0o640);
    place(name, content, 0o640);
    const shown = await daemon.jetpack(argv);
    expect(shown).toMatchObject([{ type: 'O' }, exits(0)]);
    place(name, content, 0o600);
    expect(await daemon.jetpack(argv)).toEqual(nodeForm);
    expect(await daemon.jetpack(argv, { on: 'frontAdmin' })).toEqual(shown);
  });

  test('is not shown when it is the last good copy of the configuration', async () => {
    await daemon.listen();
    place('node.json', 'damaged', 0o640);
    place('node.last-good.json', { a: { b: true } }, 0o600);
    expect(await daemon.jetpack(['config', 'a.b'])).toEqual(nodeForm);
    place('node.last-good.json', { a: { b: true } }, 0o640);
    expect(await daemon.jetpack(['config', 'a.b'])).toMatchObject([{ type: 'R' }, { type: 'O' }, exits(0)]);
  });

  test('is not shown either when only its folder is closed, and is when all may read it', async () => {
    await daemon.listen();
    const folder = path.dirname(daemon.nodeJson);
    chmodSync(folder, 0o700);
    expect(await daemon.jetpack(['config', 'a.b'])).toEqual(nodeForm);
    chmodSync(folder, 0o705);
    chmodSync(daemon.nodeJson, 0o604);
    expect(await daemon.jetpack(['config', 'a.b'])).toMatchObject([{ type: 'O' }, exits(0)]);
  });
});

describe('what is no front', () => {
  test.each([
    ['of another version', Buffer.concat([told('H', '2'), told('I', runId), told('G')])],
    ['without an id', Buffer.concat([told('H', '1'), told('G')])],
    ['with an id that is none', Buffer.concat([told('H', '1'), told('I', 'x'), told('G')])],
    ['with a terminal that is none', Buffer.concat([told('H', '1'), told('I', runId), told('T', 'wide'), told('G')])],
    ['with a letter that means nothing', Buffer.concat([told('H', '1'), told('I', runId), told('?'), told('G')])],
    ['with a frame that is too large', Buffer.from([0x41, 0xff, 0xff, 0xff, 0xff])],
    ['that speaks the other protocol', Buffer.from('{"jetpack":{"min":1,"max":1}}\n')],
  ])('%s is told to do without', async (_what, bytes) => {
    await daemon.listen();
    const front = daemon.client();
    front.send(bytes);
    expect(await front.rest()).toEqual(nodeForm);
  });

  test('that says nothing for five seconds is told so too', async () => {
    await daemon.listen();
    const front = daemon.client();
    front.send(told('H', '1'));
    await new Promise((resolve) => front.socket.once('connect', resolve));
    const heard = front.rest();
    for (let second = 0; second < 8; second += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      await daemon.clock.advance(1_000);
    }
    expect(await heard).toEqual(nodeForm);
  });

  test('a byte at a time is understood', async () => {
    await daemon.listen();
    const front = daemon.client();
    const bytes = beginning(['config', 'a.b'], daemon.environment());
    for (const byte of bytes) front.send(Buffer.of(byte));
    expect(await front.rest()).toEqual([{ type: 'O', text: 'True\n' }, exits(0)]);
  });
});
