// Ports of node and server that tell a fuse of the stages they pass.
import type { Outbox } from '../../actors/node/messaging/ports.ts';
import type { Store } from '../../actors/server/ports.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import type { FrameKind } from '../../protocol/frames.ts';
import type { DeliveryHandler, OutgoingMessage, Transport } from '../../transport/port.ts';
import type { Reached } from './fuse.ts';

export const fusedOutbox =
  (reached: Reached) =>
  (outbox: Outbox): Outbox => ({
    streams: () => outbox.streams(),
    find: (stream) => outbox.find(stream),
    read: (...range) => outbox.read(...range),
    depth: () => outbox.depth(),
    close: () => outbox.close(),
    async append(entries) {
      reached('append called');
      const appended = await outbox.append(entries);
      reached('append committed');
      return appended;
    },
    async applied(...upTo) {
      const deleted = await outbox.applied(...upTo);
      reached('applied deleted');
      return deleted;
    },
    async release(...row) {
      reached('release called');
      const released = await outbox.release(...row);
      reached('release committed');
      return released;
    },
  });

export const fusedStore =
  (reached: Reached) =>
  (store: Store): Store => ({
    appliedOf: (stream, lane) => store.appliedOf(stream, lane),
    nodes: (only) => store.nodes(only),
    events: (query) => store.events(query),
    count: () => store.count(),
    autoscale: (cluster) => store.autoscale(cluster),
    post: (batch) => store.post(batch),
    order: (change) => store.order(change),
    origin: () => store.origin(),
    revision: () => store.revision(),
    settings: (cluster) => store.settings(cluster),
    command: (id) => store.command(id),
    commands: (limit) => store.commands(limit),
    pendingTargets: (after) => store.pendingTargets(after),
    targetState: (id, node) => store.targetState(id, node),
    token: (id) => store.token(id),
    tokens: (page) => store.tokens(page),
    identity: (node) => store.identity(node),
    credential: (user) => store.credential(user),
    identities: (page) => store.identities(page),
    openWork: (node) => store.openWork(node),
    withOpenWork: () => store.withOpenWork(),
    close: () => store.close(),
    async applyBatch(batch) {
      reached('apply called');
      const outcome = await store.applyBatch(batch);
      reached('apply committed');
      return outcome;
    },
  });

/** A transport with its own ways to publish and to handle what is delivered. */
const over = (inner: Transport, publish: Transport['publish'], around: (handler: DeliveryHandler) => DeliveryHandler): Transport => ({
  get state() {
    return inner.state;
  },
  get inFlight() {
    return inner.inFlight;
  },
  onStatus: (listener) => inner.onStatus(listener),
  publish,
  consume: (queue, options, handler) => inner.consume(queue, options, around(handler)),
  ready: () => inner.ready(),
  drain: () => inner.drain(),
  close: () => inner.close(),
});

/** Runs when what was written in this turn is with the operating system: amqplib writes a turn later. */
const onceWritten = (run: () => void): void => void setImmediate(() => setImmediate(run));

const isFrame = (body: Uint8Array, kind: FrameKind): boolean => {
  const frame = decodeFrame(body);
  return frame.ok && frame.value.kind === kind;
};

/** Of what a node publishes only what it accepted is persistent. */
export const fusedNodeTransport = (inner: Transport, reached: Reached): Transport => {
  const publish = async (message: OutgoingMessage) => {
    if (!message.persistent) return inner.publish(message);
    reached('publish called');
    const outcome = inner.publish(message);
    onceWritten(() => reached('publish sent'));
    if ((await outcome).outcome === 'confirmed') reached('confirm received');
    return outcome;
  };
  return over(inner, publish, (handler) => (delivery) => {
    if (isFrame(delivery.body, 'applied')) reached('applied received');
    return handler(delivery);
  });
};

export const fusedServerTransport = (inner: Transport, reached: Reached): Transport => {
  const publish = (message: OutgoingMessage) => {
    const isApplied = isFrame(message.body, 'applied');
    if (isApplied) reached('applied called');
    const outcome = inner.publish(message);
    if (isApplied) onceWritten(() => reached('applied sent'));
    return outcome;
  };
  return over(inner, publish, (handler) => async (delivery) => {
    if (!isFrame(delivery.body, 'events')) return handler(delivery);
    reached('frame received');
    const settlement = await handler(delivery);
    reached('acknowledge called');
    return settlement;
  });
};
