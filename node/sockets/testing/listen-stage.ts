// What the tests of listen share.
import { afterEach, beforeEach } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../../effects/logger.ts';
import { ManualClock } from '../../../effects/manual-clock.ts';
import type { LocalReply, LocalRequest } from '../../../protocol/local.ts';
import { localLimits, type LocalLimits } from '../limits.ts';
import { listenLocal, type LocalListener } from '../listen.ts';
import type { Caller, HandleRequest } from '../requests.ts';
import { helloLine, LocalClient, uuid } from './local-client.ts';

export let folder: string;

export let clock: ManualClock;

let open: Array<{ close(): Promise<void> }>;

export const paths = () => ({
  cluster: path.join(folder, 'jetpack.sock'),
  admin: path.join(folder, 'admin.sock'),
  front: path.join(folder, 'front.sock'),
  frontAdmin: path.join(folder, 'front-admin.sock'),
});

export const accepts: HandleRequest = (request) => Promise.resolve({ ok: true, id: request.id, result: null });

export const listen = async (handle: HandleRequest = accepts, limits: Partial<LocalLimits> = {}): Promise<LocalListener> => {
  const listener = await listenLocal({ paths: paths(), home: folder, handle, limits: { ...localLimits, ...limits }, clock, logger: silentLogger });
  if (!listener.ok) throw new Error(listener.error.message);
  open.push(listener.value);
  return listener.value;
};

export const client = (socket: Caller['socket'] = 'cluster'): LocalClient => {
  const made = new LocalClient(paths()[socket]);
  open.push(made);
  return made;
};

/** Sends a handshake and a request on a connection of its own. */
export const ask = async (request: string, socket?: Caller['socket']): Promise<LocalReply | undefined> => {
  const asking = client(socket);
  await asking.send(helloLine + request);
  const reply = await asking.next();
  await asking.close();
  return reply;
};

export const accepted = (number: number) => ({ ok: true, id: uuid(number), result: null });

/** A handler whose answers the test gives. */
export const manual = () => {
  const waiting: Array<{ request: LocalRequest; answer: (reply: LocalReply) => void }> = [];
  const arrivals: Array<() => void> = [];
  const handle: HandleRequest = (request) =>
    new Promise((answer) => {
      waiting.push({ request, answer });
      for (const arrive of arrivals.splice(0)) arrive();
    });
  /** Resolves when at least `count` requests have arrived. */
  const arrived = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
  };
  const answer = (index: number): void => {
    const { request, answer } = waiting[index]!;
    answer({ ok: true, id: request.id, result: null });
  };
  return { handle, waiting, arrived, answer };
};

/** For each test of the file that calls it. */
export const useListenStage = (): void => {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sockets-'));
    clock = new ManualClock();
    open = [];
  });
  afterEach(async () => {
    for (const each of open.toReversed()) await each.close();
    rmSync(folder, { recursive: true });
  });
};
