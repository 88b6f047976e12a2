import { describe, expect, test } from '@jest/globals';
import { encodeFrame } from '../../protocol/codec.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { type Route } from '../../protocol/routing.ts';
import { nodeUser } from '../../transport/topology.ts';
import { address, bodies, frame } from '../testing/frames.ts';
import { settle } from '../testing/world.ts';
import type { Identities } from './vouching.ts';
import { beginFake, eventsFrame, names, prefix, stranger, useTransportStage } from './testing/transport-stage.ts';

useTransportStage();

describe('a frame that no honest node sends', () => {
  test.each<readonly [string, string, Uint8Array, Route | string]>([
    ['that cannot be read', names.events, Buffer.from('{"v":1'), { type: 'events', ...address }],
    ['of another version', names.presence, Buffer.from('{"v":9,"kind":"register"}'), { type: 'register', ...address }],
    ['without a sender', names.events, encodeFrame(frame('events', bodies.events)), { type: 'events', ...address }],
    ["in another's name", names.events, encodeFrame(eventsFrame()), { type: 'events', ...stranger }],
    ["in another cluster's name", names.presence, encodeFrame(frame('heartbeat', bodies.heartbeat, { from: address })), { type: 'heartbeat', cluster: 'dev', node: 'n1' }],
    ['by the routing key of a cluster', names.events, encodeFrame(eventsFrame()), { type: 'cluster', cluster: 'lab' }],
    ['by a routing key that is none of ours', names.events, encodeFrame(eventsFrame()), 'events.lab'],
    ['of presence, with the reports', names.events, encodeFrame(frame('heartbeat', bodies.heartbeat, { from: address })), { type: 'events', ...address }],
    ['of events, with the presence', names.presence, encodeFrame(eventsFrame()), { type: 'heartbeat', ...address }],
    ['of a watch, with the reports', names.events, encodeFrame(frame('watch', bodies.watch, { from: address })), { type: 'events', ...address }],
    ["of a watch, in another's name", names.presence, encodeFrame(frame('watch', bodies.watch, { from: address })), { type: 'watch', ...stranger }],
    ['meant for a node', names.presence, encodeFrame(frame('registered', bodies.registered, { from: address })), { type: 'register', ...address }],
  ])('%s is rejected with one line that says why, and reaches no actor', async (_what, queue, body, route) => {
    const { deliver, events, log, orchestrator, roster } = await beginFake();
    expect(await deliver(queue, body, route)).toBe('reject');
    await settle();
    expect([events.received, roster.received, orchestrator.received]).toEqual([[], [], []]);
    const warnings = log.lines.filter((line) => line.startsWith('warn: '));
    expect(warnings).toEqual([expect.stringMatching(/^warn: a frame was refused: .{10,}/)]);
    expect(log.fields.at(-1)).toMatchObject({ code: expect.stringMatching(/^frame_/), queue });
  });
});

describe('where identities are required', () => {
  const identities = (revoked: readonly string[] = []): Identities => ({ userOf: (node) => nodeUser(prefix, node), isRevoked: ({ node }) => revoked.includes(node) });
  const beat = (from: NodeAddress) => encodeFrame(frame('heartbeat', bodies.heartbeat, { from }));

  test("a frame of a node is taken from the node's own user", async () => {
    const { deliver, events, roster } = await beginFake(undefined, identities());
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address }, nodeUser(prefix, address))).toBe('ack');
    expect(await deliver(names.presence, beat(address), { type: 'heartbeat', ...address }, nodeUser(prefix, address))).toBe('ack');
    await settle();
    expect([events.received.length, roster.received.length]).toEqual([1, 1]);
  });

  test.each([
    ['another node', nodeUser(prefix, stranger)],
    ['the server itself', 'server'],
    ['nobody', undefined],
    ['a user whose name begins alike', `${nodeUser(prefix, address)}x`],
    ['the same node of another prefix', nodeUser('other', address)],
  ])('a frame that %s published reaches no actor, and is told as what it is', async (_who, userId) => {
    const { deliver, events, log, roster } = await beginFake(undefined, identities());
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address }, userId)).toBe('reject');
    expect(await deliver(names.presence, beat(address), { type: 'heartbeat', ...address }, userId)).toBe('reject');
    expect([events.received, roster.received]).toEqual([[], []]);
    expect(log.lines.filter((line) => line.startsWith('warn: '))).toEqual([expect.stringMatching(/^warn: .* is refused as lab\/n1: that is not its user/)]);
    expect(log.fields.at(-1)).toMatchObject({ code: 'identity_refused', cluster: 'lab', node: 'n1' });
  });

  test('a frame of a revoked node is refused, though its user published it', async () => {
    const { deliver, events, log } = await beginFake(undefined, identities(['n1']));
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address }, nodeUser(prefix, address))).toBe('reject');
    expect(events.received).toEqual([]);
    expect(log.lines.at(-1)).toContain('its identity was revoked');
  });

  test('a forger is logged once a minute, however often it tries, and another at once', async () => {
    const { clock, deliver, log } = await beginFake(undefined, identities());
    const forge = (userId: string) => deliver(names.presence, beat(address), { type: 'heartbeat', ...address }, userId);
    const warnings = () => log.lines.filter((line) => line.startsWith('warn: ')).length;
    for (let tries = 0; tries < 20; tries += 1) expect(await forge('one')).toBe('reject');
    expect(warnings()).toBe(1);
    await forge('two');
    expect(warnings()).toBe(2);
    await clock.advance(59_999);
    await forge('one');
    expect(warnings()).toBe(2);
    await clock.advance(1);
    await forge('one');
    expect(warnings()).toBe(3);
  });
});

describe('an answer to a node', () => {
  test('is transient and expires', async () => {
    const { ref, system, transport } = await beginFake();
    const answer = frame('registered', bodies.registered);
    system.tell(ref, { type: 'answer', to: address, frame: answer });
    await settle();
    expect(transport.published.map(({ message }) => message)).toEqual([
      {
        exchange: names.commands,
        routingKey: 'node.lab.n1',
        body: encodeFrame(answer),
        messageId: answer.id,
        type: 'registered',
        contentType: 'application/json',
        persistent: false,
        expiresMs: 60_000,
      },
    ]);
  });

  test('expires with its deadline, when that is sooner', async () => {
    const { ref, system, transport } = await beginFake();
    for (const remainingMs of [5_000, 90_000]) system.tell(ref, { type: 'answer', to: address, frame: { ...frame('command', bodies.command), remainingMs } });
    await settle();
    expect(transport.published.map(({ message }) => message.expiresMs)).toEqual([5_000, 60_000]);
  });

  test.each(['unroutable', 'nacked', 'unconfirmed', 'closed'] as const)('that is %s is lost: it is asked for again', async (outcome) => {
    const { ref, system, transport, watching } = await beginFake();
    system.tell(ref, { type: 'answer', to: address, frame: frame('registered', bodies.registered) });
    await settle();
    transport.published[0]?.answer(outcome);
    await settle();
    expect([transport.published.length, watching.crashes]).toEqual([1, []]);
  });
});
