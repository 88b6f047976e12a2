import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { limits as protocolLimits } from '../../protocol/limits.ts';
import { localLimits } from './limits.ts';
import { helloLine, type LocalClient, logRequest, uuid } from './testing/local-client.ts';
import { accepted, accepts, ask, client, clock, listen, manual, useListenStage } from './testing/listen-stage.ts';

useListenStage();

describe('hostile clients', () => {
  /** Writes until the other side refuses; how many bytes it took. */
  const pour = async (asking: LocalClient, bytes: number): Promise<number> => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    try {
      for (; sent < bytes; sent += chunk.length) await asking.send(chunk);
    } catch {
      // Refused, as it should be.
    }
    return sent;
  };

  test('a line of one gigabyte is refused early, costs bounded memory and holds up no one', async () => {
    await listen();
    const gigabyte = 1024 ** 3;
    const before = process.memoryUsage.rss();
    const hogs = Array.from({ length: 4 }, () => client());
    const poured = Promise.all(
      hogs.map(async (hog) => {
        await hog.send(helloLine);
        return pour(hog, gigabyte);
      }),
    );
    expect(await ask(logRequest(1))).toEqual(accepted(1));
    for (const sent of await poured) expect(sent).toBeLessThan(2 * protocolLimits.line);
    for (const hog of hogs) expect(await hog.next()).toMatchObject({ ok: false, code: 'message_too_large' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 * 1024);
    expect(await ask(logRequest(2))).toEqual(accepted(2));
  });

  test('a line of exactly the limit is read, one byte more is refused', async () => {
    await listen(accepts, { line: 1000 });
    const line = (length: number): string => `${logRequest(1).trimEnd().padEnd(length)}\n`;
    expect(await ask(line(1000))).toEqual(accepted(1));
    expect(await ask(line(1001))).toMatchObject({ ok: false, code: 'message_too_large' });
  });

  test('unfinished lines of all clients together stay within their memory, and small requests still pass', async () => {
    const share = 256 * 1024;
    await listen(accepts, { sharedMemory: share });
    const hogs = Array.from({ length: 20 }, () => client());
    for (const hog of hogs) void hog.send(helloLine + 'x'.repeat(60_000)).catch(() => undefined);
    const refused = hogs.map((hog) => hog.next());
    // Four of 64 KiB fit in the share; the others are told so.
    expect(await Promise.race(refused)).toMatchObject({ ok: false, code: 'busy' });
    expect(await ask(logRequest(1))).toEqual(accepted(1));
    for (const hog of hogs) await hog.close();
    await Promise.all(refused);
    expect(await ask(logRequest(2, 'y'.repeat(100_000)))).toEqual(accepted(2));
  });

  test('memory of requests in flight counts too, and is given back with the answer', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle, { sharedMemory: 70_000 });
    const holding = client();
    await holding.send(helloLine + logRequest(1, 'x'.repeat(60_000)));
    await arrived(1);
    expect(await ask(logRequest(2, 'x'.repeat(60_000)))).toMatchObject({ ok: false, code: 'busy' });
    answer(0);
    expect(await holding.next()).toEqual(accepted(1));
    const after = client();
    await after.send(helloLine + logRequest(3, 'x'.repeat(60_000)));
    await arrived(2);
    answer(1);
    expect(await after.next()).toEqual(accepted(3));
  });

  test('a client that drips its handshake is told off when its time is up, however busily it drips', async () => {
    await listen();
    const slow = client();
    for (const byte of helloLine.slice(0, 10)) {
      await slow.send(byte);
      await clock.advance(400);
    }
    await clock.advance(6000);
    expect(await slow.next()).toMatchObject({ ok: false, code: 'timeout' });
    expect(await slow.next()).toBeUndefined();
  });

  test('a request sent byte by byte is served when it ends in time', async () => {
    await listen();
    const slow = client();
    for (const byte of helloLine + logRequest(1)) await slow.send(byte);
    expect(await slow.next()).toEqual(accepted(1));
  });

  test('a request that does not end in time is refused, and others are served meanwhile', async () => {
    await listen();
    const slow = client();
    await slow.send(helloLine + logRequest(1));
    expect(await slow.next()).toEqual(accepted(1));
    await slow.send('{"id":');
    // The byte count is not visible from outside, so the server is known to have read it when it answers another.
    expect(await ask(logRequest(2))).toEqual(accepted(2));
    await clock.advance(localLimits.lineMs + 2000);
    expect(await slow.next()).toMatchObject({ ok: false, code: 'timeout' });
  });

  test('an idle connection ends quietly', async () => {
    await listen();
    const idle = client();
    await idle.send(helloLine + logRequest(1));
    await idle.next();
    await clock.advance(localLimits.idleMs + 2000);
    expect(await idle.next()).toBeUndefined();
  });

  test('a connection that waits for its answer is not idle', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle);
    const patient = client();
    await patient.send(helloLine + logRequest(1));
    await arrived(1);
    await clock.advance(3 * localLimits.idleMs);
    answer(0);
    expect(await patient.next()).toEqual(accepted(1));
  });

  test('a client that never reads its answers is not read further, and closed in the end', async () => {
    let handled = 0;
    await listen((request) => {
      handled += 1;
      return Promise.resolve({ ok: true, id: request.id, result: 'x'.repeat(100_000) });
    });
    const deaf = client();
    await deaf.send(helloLine);
    deaf.socket.pause();
    const many = Array.from({ length: 2000 }, (_none, index) => logRequest(index)).join('');
    void deaf.send(many).catch(() => undefined);
    expect(await ask(logRequest(9999))).toMatchObject({ ok: true });
    await clock.advance(localLimits.answerMs + 2000);
    deaf.socket.resume();
    await deaf.closed;
    expect(handled).toBeLessThan(200);
  });

  test('at most the allowed number of requests is in flight; the rest wait unread', async () => {
    const { handle, waiting, arrived, answer } = manual();
    await listen(handle, { inFlight: 2 });
    const asking = client();
    await asking.send(helloLine + logRequest(1) + logRequest(2) + logRequest(3));
    await arrived(2);
    expect(await ask('garbage\n')).toMatchObject({ code: 'request_invalid' });
    expect(waiting).toHaveLength(2);
    answer(0);
    await arrived(3);
    answer(1);
    answer(2);
    expect([await asking.next(), await asking.next(), await asking.next()].map((reply) => reply?.id)).toEqual([uuid(1), uuid(2), uuid(3)]);
  });

  test('a thousand clients at once are all served', async () => {
    await listen();
    const replies = await Promise.all(Array.from({ length: 1000 }, (_none, index) => ask(logRequest(index))));
    expect(replies).toEqual(replies.map((_reply, index) => accepted(index)));
  });

  test('a thousand clients that say nothing keep no one out: the idlest gives way and is told', async () => {
    await listen(accepts, { connections: 100 });
    const served = client();
    await served.send(helloLine + logRequest(1));
    expect(await served.next()).toEqual(accepted(1));
    const silent = Array.from({ length: 1000 }, () => client());
    await Promise.all(silent.map((each) => once(each.socket, 'connect')));
    expect(await ask(logRequest(2))).toEqual(accepted(2));
    expect(await silent[0]!.next()).toMatchObject({ ok: false, code: 'busy' });
    // The one that has been served before keeps its place.
    await served.send(logRequest(3));
    expect(await served.next()).toEqual(accepted(3));
  });

  test('when every connection waits for an answer a newcomer is told to come again', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle, { connections: 2 });
    const waiting = [client(), client()];
    for (const [index, each] of waiting.entries()) await each.send(helloLine + logRequest(index));
    await arrived(2);
    expect(await client().next()).toMatchObject({ ok: false, code: 'busy' });
    answer(0);
    expect(await waiting[0]!.next()).toEqual(accepted(0));
    expect(await ask('garbage\n')).toMatchObject({ code: 'request_invalid' });
  });

  test('a client that vanishes before its answer harms no one', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle);
    const leaving = client();
    await leaving.send(helloLine + logRequest(1));
    await arrived(1);
    await leaving.close();
    answer(0);
    expect(await ask('garbage\n')).toMatchObject({ code: 'request_invalid' });
  });

  test('a client that ends its input with its last request still gets the answer', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle);
    const asking = client();
    asking.socket.end(helloLine + logRequest(1));
    await arrived(1);
    answer(0);
    expect(await asking.next()).toEqual(accepted(1));
    expect(await asking.next()).toBeUndefined();
  });

  test('input that ends inside a line is refused', async () => {
    await listen();
    const asking = client();
    asking.socket.end(helloLine + logRequest(1).trimEnd());
    expect(await asking.next()).toMatchObject({ ok: false, code: 'request_invalid', message: 'the last line does not end' });
  });
});
