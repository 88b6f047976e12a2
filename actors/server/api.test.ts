import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { JetpackError } from '../../protocol/errors.ts';
import { ok } from '../../protocol/result.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { createWorld, settle, type World } from '../testing/world.ts';
import { api, type ApiQuestions, type ListeningApi } from './api.ts';
import type { GiveCommand } from './commanding.ts';
import type { EnrolmentMessage } from './enrolment.ts';
import type { PostEvents } from './events.ts';
import type { AskAutoscale } from './orchestrator.ts';
import type { RosterMessage } from './roster.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = async (opening: Promise<ListeningApi>) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const heard: string[] = [];
  const roster = probe<RosterMessage>(system, 'roster');
  const orchestrator = probe<GiveCommand | AskAutoscale>(system, 'orchestrator');
  const enrolment = probe<EnrolmentMessage>(system, 'enrolment');
  const events = probe<PostEvents>(system, 'events');
  const asks: ApiQuestions[] = [];
  const definition = api({
    open: (questions) => {
      asks.push(questions);
      return opening;
    },
    roster: roster.ref,
    orchestrator: orchestrator.ref,
    enrolment: enrolment.ref,
    events: events.ref,
    onListening: (url) => void heard.push(url),
    logger: log.logger,
  });
  const watching = supervise('end');
  const incarnation = system.spawn('api', definition, watching);
  await settle();
  return { clock, enrolment, events, heard, incarnation, log, orchestrator, questions: asks[0]!, roster, watching };
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
    const { questions, roster } = await begin(Promise.resolve(listening().listener));
    const asked = questions.nodes();
    await settle();
    const [message] = roster.received;
    if (message?.type === 'list') message.reply([]);
    expect(await asked).toEqual(ok([]));
  });

  test('are a failure with a code when the roster is silent for 5 s', async () => {
    const { clock, questions } = await begin(Promise.resolve(listening().listener));
    const asked = questions.nodes();
    await settle();
    await clock.advance(5_000);
    expect(await asked).toMatchObject({ ok: false, error: { code: 'timeout' } });
  });
});

describe('a command that a request gives', () => {
  const request = { cluster: 'lab', nodes: 'all', command: 'check', expiresInSeconds: 60 } as const;

  test('goes to the orchestrator, whose answer is the answer', async () => {
    const { orchestrator, questions } = await begin(Promise.resolve(listening().listener));
    const asked = questions.command(request, undefined);
    await settle();
    expect(orchestrator.received).toMatchObject([{ type: 'command', request }]);
    const [message] = orchestrator.received;
    if (message?.type === 'command') message.reply({ outcome: 'ordered', id: 'c', targets: ['n1'] });
    expect(await asked).toEqual(ok({ outcome: 'ordered', id: 'c', targets: ['n1'] }));
  });

  test('is a failure with a code when the orchestrator is silent for 5 s', async () => {
    const { clock, questions } = await begin(Promise.resolve(listening().listener));
    const asked = questions.command(request, undefined);
    await settle();
    await clock.advance(5_000);
    expect(await asked).toMatchObject({ ok: false, error: { code: 'timeout' } });
  });
});

describe('what a cluster is asked to have', () => {
  test('is what the orchestrator says', async () => {
    const { orchestrator, questions } = await begin(Promise.resolve(listening().listener));
    const asked = questions.autoscale('lab');
    await settle();
    const [message] = orchestrator.received;
    expect(message).toMatchObject({ type: 'autoscale?', cluster: 'lab' });
    if (message?.type === 'autoscale?') message.reply([]);
    expect(await asked).toEqual(ok([]));
  });
});

test('what a request tells as a node goes to the events actor, whose answer is the answer', async () => {
  const { events, questions } = await begin(Promise.resolve(listening().listener));
  const told = [{ kind: 'test', id: 'i', at: 1, level: 'info' }] as const;
  const asked = questions.post({ cluster: 'lab', node: 'n1' }, told);
  await settle();
  expect(events.received).toMatchObject([{ type: 'post', from: { cluster: 'lab', node: 'n1' }, events: told }]);
  events.received[0]?.reply(ok(1));
  expect(await asked).toEqual(ok(1));
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
