// What a run holds in the daemon: never more than is granted, and nothing once its front is gone.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { LocalReply } from '../../protocol/local.ts';
import { beginning, told, type FrontClient } from './testing/front-client.ts';
import { exits, FrontDaemon, nodeForm } from './testing/front-daemon.ts';

let daemon: FrontDaemon;

beforeEach(() => {
  daemon = new FrontDaemon();
});

afterEach(() => daemon.close());

const text = (bytes: number): string => 'x'.repeat(bytes);

/** A run of `config`, which needs so many bytes for its answer. */
const answerNeeds = (bytes: number) => {
  writeFileSync(daemon.nodeJson, JSON.stringify({ a: text(bytes) }));
  return daemon.jetpack(['config', 'a']);
};

const answers = (bytes: number) => [{ type: 'O', text: `${text(bytes)}\n` }, exits(0)];

describe('a command that goes on after its front went away', () => {
  test('prints into nothing: no memory stays taken, and whoever told it so is not harmed', async () => {
    const asked = Promise.withResolvers<{ readonly print: (line: string) => void; readonly gone: AbortSignal }>();
    const answered = Promise.withResolvers<LocalReply>();
    await daemon.listen(
      (_request, { gone, progress }) => {
        asked.resolve({ print: progress, gone });
        return answered.promise;
      },
      { sharedMemory: 60_000, ownMemory: 2_000 },
    );
    const front = daemon.client();
    front.send(beginning(['keepalive'], daemon.environment()));
    const { gone, print } = await asked.promise;
    print('it was there to hear this');
    await front.close();
    await waitFor('the daemon to see that the front is gone', () => gone.aborted);
    for (let line = 0; line < 1_000; line += 1) print(text(400));
    answered.resolve({ ok: true, id: '', result: null });
    await waitFor('the run to end', () => daemon.log.lines.includes('debug: a run of the front was given up'));
    expect(await answerNeeds(50_000)).toEqual(answers(50_000));
  });

  test('is not harmed either when there is no room for what it tells', async () => {
    let harmed: unknown;
    await daemon.listen(
      async ({ id }, { progress }) => {
        try {
          for (let line = 0; line < 200; line += 1) progress(text(400));
        } catch (error) {
          harmed = error;
        }
        return { ok: true, id, result: null };
      },
      { sharedMemory: 10_000, ownMemory: 2_000 },
    );
    expect(await daemon.jetpack(['keepalive'])).toEqual(nodeForm);
    expect(harmed).toBeUndefined();
  });

  test('and wants its input then is ended too', async () => {
    await daemon.listen();
    const front = daemon.client();
    // Gone before the command is found, let alone runs.
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], daemon.environment()));
    front.socket.end();
    await waitFor('the run to end', () => daemon.log.lines.includes('debug: a run of the front was given up'));
    expect(daemon.requests).toEqual([]);
  });
});

describe('what a front tells before its run begins', () => {
  test('is counted, and a front that is refused goes to the Node form', async () => {
    await daemon.listen(daemon.accepts, { sharedMemory: 200_000, ownMemory: 2_000 });
    const front = daemon.client();
    for (let frames = 0; frames < 300; frames += 1) front.send(told('E', `A=${text(1_000)}`));
    expect(await front.rest()).toEqual(nodeForm);
  });

  test('is counted where its frames are empty', async () => {
    await daemon.listen(daemon.accepts, { sharedMemory: 50_000, ownMemory: 2_000 });
    const front = daemon.client();
    front.send(Buffer.concat(Array.from({ length: 1_000 }, () => told('A'))));
    expect(await front.rest()).toEqual(nodeForm);
  });

  test('has an end: two megabytes', async () => {
    await daemon.listen();
    const front = daemon.client();
    for (let frames = 0; frames < 3; frames += 1) front.send(told('A', text(900_000)));
    expect(await front.rest()).toEqual(nodeForm);
  });

  test('may be as much as a front sends: a megabyte', async () => {
    await daemon.listen();
    const wide = Array.from({ length: 10 }, () => text(100_000));
    expect(await daemon.jetpack(['config', ...wide])).toMatchObject([{ type: 'R', text: expect.stringContaining('too many arguments') }, exits(2)]);
  });

  test('is given back when it goes', async () => {
    await daemon.listen(daemon.accepts, { sharedMemory: 60_000, ownMemory: 2_000 });
    for (let round = 0; round < 5; round += 1) {
      const front = daemon.client();
      front.send(told('H', '1'));
      for (let frames = 0; frames < 30; frames += 1) front.send(told('E', `A=${text(1_000)}`));
      front.send(told('F'));
      front.send(told('G'));
      expect(await front.rest()).toEqual(nodeForm);
    }
    expect(await answerNeeds(50_000)).toEqual(answers(50_000));
  });
});

describe('what a front brings when it is asked', () => {
  const sending = async (): Promise<FrontClient> => {
    const front = daemon.client();
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], daemon.environment()));
    expect((await front.next())?.type).toBe('N');
    return front;
  };

  test('is counted where its pieces are empty', async () => {
    await daemon.listen(daemon.accepts, { sharedMemory: 50_000, ownMemory: 2_000 });
    const front = daemon.client();
    front.send(beginning(['send', '-r', 'a.b', '-f', 'file'], daemon.environment()));
    expect((await front.next())?.type).toBe('F');
    front.send(Buffer.concat(Array.from({ length: 1_000 }, () => told('D'))));
    expect(await front.rest()).toEqual(nodeForm);
  });

  test('is one piece of standard input each time, so that no more is written than it reads', async () => {
    await daemon.listen();
    const front = await sending();
    front.send(Buffer.concat(Array.from({ length: 1_000 }, () => told('D', 'x'))));
    expect((await front.rest()).filter(({ type }) => type !== 'N')).toEqual(nodeForm);
    expect(daemon.requests).toEqual([]);
  });

  test('has one end: what comes after it is not taken', async () => {
    await daemon.listen();
    const front = daemon.client();
    front.send(beginning(['send', '-r', 'a.b', '-f', 'file'], daemon.environment()));
    expect((await front.next())?.type).toBe('F');
    front.send(Buffer.concat([told('D', 'content'), told('Z'), told('D', text(1_000)), told('Z'), told('X', '13')]));
    expect(await front.rest()).toEqual([exits(0)]);
    expect(daemon.requests).toMatchObject([{ bodyBase64: Buffer.from('content').toString('base64') }]);
  });
});

test('a front that is given up is ended, whether it reads or not', () => {
  // A client that takes nothing, as a socket whose buffers are full.
  const full = new Duplex({ read: () => undefined, write: () => undefined });
  const ended = new Promise((resolve) => full.once('close', resolve));
  daemon.connection(full).giveUp();
  expect(full.destroyed).toBe(true);
  return ended;
});
