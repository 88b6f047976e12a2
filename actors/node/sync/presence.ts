// What sync says on the wire: who this node is, that it lives, and what it waits for. Transient, each followed by the next.
import type { Clock } from '../../../effects/clock.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import { encodeFrame } from '../../../protocol/codec.ts';
import type { Phase } from '../../../protocol/events.ts';
import { wireVersion, type Frame, type FrameOf } from '../../../protocol/frames.ts';
import type { NodeAddress } from '../../../protocol/identity.ts';
import { routingKey } from '../../../protocol/routing.ts';
import type { OutgoingMessage } from '../../../transport/port.ts';
import { leaseMs, type Wait } from './waits.ts';

/** What a node says of itself. */
export interface NodeFacts {
  readonly instanceId: string;
  readonly hostname: string;
  readonly version: string;
  readonly pid: number;
}

export interface PresencePorts {
  readonly address: NodeAddress;
  readonly facts: NodeFacts;
  readonly reportsExchange: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class Presence {
  readonly #ports: PresencePorts;

  constructor(ports: PresencePorts) {
    this.#ports = ports;
  }

  /** `configuration`: the revision the node has. The broker may throw it away after `expiresMs`. */
  register(configuration: number | undefined, phase: Phase, expiresMs: number): OutgoingMessage {
    const { instanceId, hostname, version } = this.#ports.facts;
    const wire = { min: wireVersion, max: wireVersion };
    return this.#message('register', { ...this.#head(), kind: 'register', body: { instanceId, hostname, version, wire, configuration, phase } }, expiresMs);
  }

  heartbeat(body: FrameOf<'heartbeat'>['body']): OutgoingMessage {
    return this.#message('heartbeat', { ...this.#head(), kind: 'heartbeat', body }, body.everyMs);
  }

  watch({ count, id, phase, role }: Wait): OutgoingMessage {
    return this.#message('watch', { ...this.#head(), kind: 'watch', body: { watch: id, role, phase, count, leaseMs } }, leaseMs);
  }

  unwatch(id: string): OutgoingMessage {
    return this.#message('watch', { ...this.#head(), kind: 'watch', body: { watch: id, role: '', phase: '', leaseMs: 0 } }, leaseMs);
  }

  #head() {
    const { address, clock, random } = this.#ports;
    return { v: wireVersion, id: uuid7(clock.now(), random), sentAt: clock.now(), from: address } as const;
  }

  #message(type: 'register' | 'heartbeat' | 'watch', frame: Frame, expiresMs: number): OutgoingMessage {
    const { address, reportsExchange } = this.#ports;
    return {
      exchange: reportsExchange,
      routingKey: routingKey({ type, ...address }),
      body: encodeFrame(frame),
      messageId: frame.id,
      type: frame.kind,
      contentType: 'application/json',
      persistent: false,
      expiresMs,
    };
  }
}
