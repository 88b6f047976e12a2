import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { JetpackError } from '../../protocol/errors.ts';
import { ok } from '../../protocol/result.ts';
import type { AskResult } from '../ref.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { createWorld, settle, type World } from '../testing/world.ts';
import { api, type ListeningApi } from './api.ts';
import type { NodeView, RosterMessage } from './roster.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = async (opening: Promise<ListeningApi>) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const heard: string[] = [];
  const roster = probe<RosterMessage>(system, 'roster');
  let nodes: () => Promise<AskResult<readonly NodeView[]>> = () => Promise.reject(new Error('not open'));
  const definition = api({
    open: (ask) => {
      nodes = ask;
      return opening;
    },
    roster: roster.ref,
    onListening: (url) => void heard.push(url),
    logger: log.logger,
  });
  const watching = supervise('end');
  const incarnation = system.spawn('api', definition, watching);
  await settle();
  return { clock, heard, incarnation, log, nodes: () => nodes(), roster, watching };
};

const listening = () => {
  const ends: string[] = [];
  return { ends, listener: { url: 'http://127.0.0.1:1', close: async () => void ends.push('closed') } };
};

test('a listener that listens is told of once', async () => {
  const { heard, log, watching } = await begin(Promise.resolve(listening().listener));
  expect([heard, log.lines, watching.crashes]).toEqual([['http://127.0.0.1:1'], ['info: the API listens on http://127.0.0.1:1'], []]);
});

test('an address that cannot be had is a crash with its code', async () => {
  const taken = new JetpackError('port_unavailable', 'the API cannot listen');
  const { heard, incarnation, watching } = await begin(Promise.reject(taken));
  expect([watching.crashes, heard]).toEqual([[{ reason: 'threw', error: taken }], []]);
  expect(await incarnation.end()).toMatchObject({ failures: [] });
});

describe('the nodes that a request asks for', () => {
  test('come from the roster', async () => {
    const { nodes, roster } = await begin(Promise.resolve(listening().listener));
    const asked = nodes();
    await settle();
    const [message] = roster.received;
    if (message?.type === 'list') message.reply([]);
    expect(await asked).toEqual(ok([]));
  });

  test('are a failure with a code when the roster is silent for 5 s', async () => {
    const { clock, nodes } = await begin(Promise.resolve(listening().listener));
    const asked = nodes();
    await settle();
    await clock.advance(5_000);
    expect(await asked).toMatchObject({ ok: false, error: { code: 'timeout' } });
  });
});

describe('the listener', () => {
  test('is closed with its actor', async () => {
    const { ends, listener } = listening();
    const { incarnation } = await begin(Promise.resolve(listener));
    await incarnation.drain();
    expect(ends).toEqual(['closed']);
  });

  test('that opens when its actor is ending is closed all the same', async () => {
    const { ends, listener } = listening();
    const opening = Promise.withResolvers<ListeningApi>();
    const { heard, incarnation } = await begin(opening.promise);
    const ended = incarnation.end();
    opening.resolve(listener);
    await ended;
    expect([ends, heard]).toEqual([['closed'], []]);
  });
});
