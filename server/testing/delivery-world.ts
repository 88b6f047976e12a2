// The delivery model: nodes, a wire that loses, repeats, delays and shuffles, and a server, driven step by step. Everything
// but the wire is the product's own code on real files.
import type { Outbox } from '../../actors/node/messaging/ports.ts';
import { Sender, type EventBatch } from '../../actors/node/messaging/sender.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom, uuid7, type Random } from '../../effects/random.ts';
import { encodeEventsFrame } from '../../protocol/codec.ts';
import { wireVersion } from '../../protocol/frames.ts';
import { ModelNode } from './delivery-node.ts';
import { ModelServer, type Answer } from './delivery-server.ts';

/** Mistakes that the check must find. */
export type Mistake = 'none' | 'deletes at the confirm' | 'forgets the stream before' | 'leaves gaps unanswered' | 'never sends again';

export interface WorldSettings {
  readonly folder: string;
  /** Rows each outbox may hold. */
  readonly rows: number;
  readonly mistake: Mistake;
}

/** The sender with a mistake in it. */
const mistakenSender = (mistake: Mistake, outbox: Outbox, clock: ManualClock, random: Random): Sender => {
  const sender = new Sender({ outbox, clock, random });
  switch (mistake) {
    case 'deletes at the confirm': {
      const settled = sender.settled.bind(sender);
      sender.settled = (batch, outcome, now) => {
        settled(batch, outcome, now);
        if (outcome === 'confirmed') void outbox.applied(batch.stream, 'report', batch.rows.at(-1)?.through ?? 0);
      };
      return sender;
    }
    case 'forgets the stream before': {
      const next = sender.next.bind(sender);
      const forgotten = new Map<EventBatch, EventBatch>();
      const settled = sender.settled.bind(sender);
      sender.next = (now) => {
        const batch = next(now);
        if (batch === undefined) return undefined;
        const orphan = { ...batch, after: undefined };
        forgotten.set(orphan, batch);
        return orphan;
      };
      sender.settled = (batch, outcome, now) => settled(forgotten.get(batch) ?? batch, outcome, now);
      return sender;
    }
    case 'leaves gaps unanswered':
      sender.resend = () => undefined;
      return sender;
    case 'never sends again': {
      const settled = sender.settled.bind(sender);
      sender.settled = (batch, outcome, now) => settled(batch, outcome, outcome === 'confirmed' ? Infinity : now);
      return sender;
    }
    case 'none':
      return sender;
  }
};

export class World {
  readonly clock = new ManualClock();
  readonly nodes: readonly ModelNode[];
  readonly server: ModelServer;
  /** On their way to the server. */
  frames: Uint8Array[] = [];
  /** On their way to nodes. */
  answers: Answer[] = [];
  readonly #random: Random;

  constructor({ folder, rows, mistake }: WorldSettings) {
    const { clock } = this;
    this.#random = seededRandom(1);
    const newSender = (outbox: Outbox): Sender => mistakenSender(mistake, outbox, clock, this.#random);
    this.nodes = ['a', 'b'].map((name) => new ModelNode({ folder, name, clock, random: this.#random, rows, newSender }));
    this.server = new ModelServer(folder, clock, (answer) => this.answers.push(answer));
  }

  /** Puts a batch on the wire. */
  send(node: ModelNode, batch: EventBatch): void {
    const id = uuid7(this.clock.now(), this.#random);
    const { stream, after, rows } = batch;
    this.frames.push(
      encodeEventsFrame(
        { v: wireVersion, id, kind: 'events', sentAt: this.clock.now(), from: node.address },
        { stream, lane: 'report', after },
        rows.map(({ sequence, payload }) => ({ sequence, event: payload })),
      ),
    );
  }

  async answer(answer: Answer): Promise<void> {
    const node = this.nodes.find(({ address }) => address.node === answer.to.node);
    if (answer.type === 'applied') await node?.sender.applied(answer.body.stream, answer.body.sequence);
    else node?.sender.resend(answer.body.stream, answer.body.from, answer.body.to);
  }

  /** From now on nothing fails: everything that is due happens, in turns. Whether it came to rest. */
  async finish(): Promise<boolean> {
    // What a restored server has lost is noticed with the next event of a node: here it comes.
    if (this.server.restored) for (const node of this.nodes) await node.append([node.newLog('high')]);
    for (let turn = 0; turn < 60; turn += 1) {
      await this.flow();
      if (this.frames.length === 0 && this.nodes.every((node) => node.outbox.depth().rows === 0)) return true;
      // Now and then long enough for every pause to pass.
      await this.clock.advance(turn % 4 === 3 ? 61_000 : 10);
    }
    return false;
  }

  /** Everything that is due happens once, and nothing fails. */
  async flow(): Promise<void> {
    for (const node of this.nodes) await this.#drain(node);
    for (const frame of this.frames.splice(0)) this.server.receive(frame);
    while (this.server.waiting > 0) await this.server.apply(false);
    for (const answer of this.answers.splice(0)) await this.answer(answer);
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await node.close();
    await this.server.close();
  }

  async #drain(node: ModelNode): Promise<void> {
    const now = this.clock.monotonic();
    for (const batch of node.underWay) node.settle(batch, 'unconfirmed', now);
    for (let batch = node.publish(now); batch !== undefined; batch = node.publish(now)) {
      this.send(node, batch);
      node.settle(batch, 'confirmed', now);
    }
    while ((await node.publishUser(true, now)) !== undefined);
  }
}
