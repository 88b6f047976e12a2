import { describe, expect, test } from '@jest/globals';
import type { Store } from '../actors/server/ports.ts';
import { address, frame, newId, stream } from '../actors/testing/frames.ts';
import { settle, until } from '../actors/testing/world.ts';
import { lasts } from '../effects/testing/lasts.ts';
import { decodeFrame, encodeFrame } from '../protocol/codec.ts';
import type { Frame } from '../protocol/frames.ts';
import { begin, clock, told, useDaemonStage } from './testing/daemon-stage.ts';

useDaemonStage();

describe('a command', () => {
  test('goes from the API to its node, and what its node says of it back to the API', async () => {
    const { transport, url } = await begin();
    transport.connect();
    const tell = (sequence: number, event: object): Promise<unknown> => {
      const sent = frame('events', { stream, lane: 'report', entries: [{ sequence, event: { id: newId(), at: 0, ...event } }] }, { from: address });
      const settled = transport.deliver('test.events', encodeFrame(sent), { routingKey: 'events.lab.n1' });
      return lasts(clock, settled);
    };
    await tell(1, { kind: 'phase', phase: 'ready' });
    const heartbeat = frame('heartbeat', { everyMs: 1_000, phase: 'ready', uptimeMs: 1, outbox: 0, configuration: 1 }, { from: address });
    await transport.deliver('test.presence', encodeFrame(heartbeat), { routingKey: 'presence.lab.n1.heartbeat' });
    await settle();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const posted = fetch(`${url}/api/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: JSON.stringify({ cluster: 'lab', nodes: 'all', command: 'set', key: 'demo.limit', value: 5 }),
    });
    await lasts(clock, posted);
    const response = await posted;
    const { id, targets } = (await response.json()) as { id: string; targets: unknown };
    expect([response.status, targets]).toEqual([202, ['n1']]);
    const sent = await told(transport, 'command');
    expect(sent).toMatchObject({ trace: { traceparent }, body: { command: id, name: 'set', key: 'demo.limit', configuration: { revision: 2, tree: { demo: { limit: 5 } } } } });
    const stateOf = async (): Promise<unknown> => (await fetch(`${url}/api/commands/${id}`)).json();
    const pending = await stateOf();
    expect(pending).toMatchObject({ key: 'demo.limit', targets: [{ node: 'n1', state: 'pending' }] });
    expect(pending).not.toHaveProperty('value');
    await tell(2, { kind: 'command', command: id, state: 'done' });
    expect(await stateOf()).toMatchObject({ targets: [{ node: 'n1', state: 'done' }] });
    expect(await (await fetch(`${url}/api/commands`)).json()).toMatchObject({ commands: [{ id, nodes: { done: 1 } }] });
    for (const { answer } of transport.published) answer('confirmed');
  });

  test('that was in the store when it could not be read any more is sent by the next orchestrator, once and as it was given', async () => {
    let broken = true;
    const overStore = (store: Store): Store => ({
      ...store,
      targetState: (...target) => {
        if (!broken) return store.targetState(...target);
        broken = false;
        throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 });
      },
    });
    const { log, transport, url } = await begin({ overStore });
    transport.connect();
    const register = frame('register', { instanceId: 'i', hostname: 'h', version: '1', wire: { min: 1, max: 1 } }, { from: address });
    await lasts(clock, transport.deliver('test.presence', encodeFrame(register), { routingKey: 'presence.lab.n1.register' }));
    await settle();
    const body = JSON.stringify({ cluster: 'lab', nodes: 'all', command: 'set', key: 'a', value: 1, id: '00000000-0000-4000-8000-eeeeeeeeeeee' });
    const post = async (): Promise<number> => {
      const posted = fetch(`${url}/api/commands`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      await lasts(clock, posted);
      return (await posted).status;
    };
    const first = await post();
    expect([first, broken]).toEqual([202, false]);
    const commands = (): readonly Frame[] =>
      transport.published.flatMap(({ message }) => {
        const decoded = decodeFrame(message.body);
        return decoded.ok && decoded.value.kind === 'command' ? [decoded.value] : [];
      });
    expect(commands()).toEqual([]);
    await until(clock, 'the command is sent', () => commands().length > 0);
    expect(await post()).toBe(202);
    expect(commands()).toMatchObject([{ body: { key: 'a', configuration: { revision: 2, tree: { a: 1 } } } }]);
    expect(log.lines.join('\n')).toContain('error: server/orchestrator failed (threw): restart');
    for (const { answer } of transport.published) answer('confirmed');
  });

  test('that nobody could be sent is there after a restart, and what the node is shown to be as well', async () => {
    const first = await begin();
    const event = { kind: 'termination', id: newId(), at: 0, request: newId(), state: 'requested', check: 'disk', reason: 'no space' };
    const sent = frame('events', { stream, lane: 'report', entries: [{ sequence: 1, event }] }, { from: address });
    await lasts(clock, first.transport.deliver('test.events', encodeFrame(sent), { routingKey: 'events.lab.n1' }));
    const body = JSON.stringify({ cluster: 'lab', nodes: ['n1'], command: 'check', id: '00000000-0000-4000-8000-ffffffffffff' });
    const post = (url: string): Promise<Response> => fetch(`${url}/api/commands`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect((await post(first.url)).status).toBe(202);
    await lasts(clock, first.server.stop());
    const second = await begin();
    await settle();
    const again = await post(second.url);
    expect([again.status, await again.json()]).toEqual([202, { id: '00000000-0000-4000-8000-ffffffffffff', targets: ['n1'] }]);
    const { nodes } = (await (await fetch(`${second.url}/api/nodes`)).json()) as { nodes: unknown };
    expect(nodes).toMatchObject([{ node: 'n1', roles: [], termination: { check: 'disk', standing: 'would terminate' } }]);
  });
});
