import { describe, expect, test } from '@jest/globals';
import type { Channel } from 'amqplib';
import { declareTopology } from './declare.ts';

const refused = (code: number, text: string): Error => Object.assign(new Error(text), { code });

/** A broker that has these exchanges; what it may be asked is logged. */
const broker = (has: readonly string[], mayMake: boolean) => {
  const log: string[] = [];
  const channel = {
    checkExchange: async (name: string) => {
      log.push(`look for ${name}`);
      if (!has.includes(name)) throw refused(404, `NOT_FOUND - no exchange '${name}'`);
    },
    assertExchange: async (name: string) => {
      log.push(`make ${name}`);
      if (!mayMake) throw refused(403, `ACCESS_REFUSED - ${name}`);
    },
    assertQueue: async (name: string) => void log.push(`queue ${name}`),
    bindQueue: async (queue: string, exchange: string, key: string) => void log.push(`bind ${queue} to ${exchange} by ${key}`),
  } as unknown as Channel;
  return { log, onChannel: <T>(work: (channel: Channel) => Promise<T>) => work(channel) };
};

const topology = {
  exchanges: [{ name: 'shared', type: 'topic' as const, owned: false }],
  queues: [{ name: 'q', type: 'classic' as const }],
  bindings: [{ exchange: 'shared', queue: 'q', key: 'k' }],
};

describe('an exchange that is not ours', () => {
  test('is looked up and left as it is', async () => {
    const { log, onChannel } = broker(['shared'], false);
    expect(await declareTopology(onChannel, topology)).toEqual({ ok: true, value: undefined });
    expect(log).toEqual(['look for shared', 'queue q', 'bind q to shared by k']);
  });

  test('is made when it is missing and we may', async () => {
    const { log, onChannel } = broker([], true);
    expect(await declareTopology(onChannel, topology)).toMatchObject({ ok: true });
    expect(log.slice(0, 2)).toEqual(['look for shared', 'make shared']);
  });

  test('is waited for when it is missing and we may not make it', async () => {
    const { log, onChannel } = broker([], false);
    expect(await declareTopology(onChannel, topology)).toMatchObject({ ok: false, error: { code: 'topology_missing', message: expect.stringContaining('shared') } });
    expect(log).toEqual(['look for shared', 'make shared']);
  });
});

describe('a topology that is refused', () => {
  const owned = { ...topology, exchanges: [{ name: 'own', type: 'topic' as const }] };
  const refusing = (code: number, text: string) =>
    declareTopology(
      () => {
        throw refused(code, text);
      },
      owned,
    );

  test.each([
    [406, "PRECONDITION_FAILED - inequivalent arg 'x-expires' for queue 'q'", 'topology_mismatch'],
    [405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q'", 'broker_unreachable'],
  ])('%i is told with its text', async (code, text, told) => {
    expect(await refusing(code, text)).toEqual({ ok: false, error: { code: told, message: text } });
  });

  test('403 is told as a permission that is missing, with its text', async () => {
    const text = "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'u'";
    expect(await refusing(403, text)).toMatchObject({ ok: false, error: { message: expect.stringMatching(/^the user may not declare .*'q'/) } });
  });
});
