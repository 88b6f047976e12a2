// What the node is and where it stands, told once at every start of the daemon, and once more to a server that has lost it.
//
//   none    the daemon is not up yet.
//   wanted  it is to be kept: again and again until it is, whichever incarnation of sync does it.
//   kept    it is durable. What stands beside it (keepalive, conditions, a wish to be ended, properties) is then told by those who know: the server forgets
//           what it had with the event that says what the node is.
//
// Outlives the incarnations of its actor. The ids are minted with the wish, so that keeping it a second time is no second report.
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Phase } from '../../../protocol/events.ts';
import { assertNever, fail, type Result } from '../../../protocol/result.ts';
import type { ActorContext } from '../../definition.ts';
import type { ActorRef } from '../../ref.ts';
import type { RunChecks } from '../health/healthcheck.ts';
import type { TellStanding } from '../keepalive/keepalive.ts';
import type { ReportedEvent } from '../messaging/accept.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { NodeState } from '../state.ts';
import type { NodeFacts } from './presence.ts';

export type AnnouncementMessage = { readonly type: 'announce' } | { readonly type: 'announced'; readonly result: Result<void> };

export interface AnnouncementPorts {
  readonly facts: NodeFacts;
  readonly state: NodeState;
  readonly messaging: ActorRef<DrainPending>;
  readonly config: ActorRef<TellStanding>;
  readonly keepalive: ActorRef<TellStanding>;
  readonly healthcheck: ActorRef<RunChecks | TellStanding>;
  readonly lifecycle: ActorRef<TellStanding>;
  readonly outboxRows: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Where the node stands, as sync knows it at the moment. */
export interface Standing {
  readonly phase: Phase;
  readonly detail: string | undefined;
}

type Context = ActorContext<AnnouncementMessage>;

/** How soon what could not be kept is tried again. */
const keepAgainMs = 10_000;

export class Announcement {
  readonly #ports: AnnouncementPorts;
  readonly #standing: () => Standing;
  #state: 'none' | 'wanted' | 'kept' = 'none';
  #stamps = { node: '', phase: '', at: 0 };

  constructor(ports: AnnouncementPorts, standing: () => Standing) {
    this.#ports = ports;
    this.#standing = standing;
  }

  /** An incarnation begins: it does what the one before did not get done. */
  resume(context: Context): void {
    if (this.#state === 'wanted') context.tell(context.self, { type: 'announce' });
  }

  /** The daemon is up. Only the first time counts. */
  started(context: Context): void {
    if (this.#state === 'none') this.#want(context);
  }

  /** The server has nothing of this node. When all that was told has been applied, it has lost it; else it has only not come to it. */
  unknown(context: Context): void {
    const { outboxRows, state } = this.#ports;
    if (this.#state !== 'kept' || outboxRows() > 0 || state.pending(1).length > 0) return;
    this.#ports.logger.info('the server knows nothing of this node: all that stands is told again');
    this.#want(context);
  }

  receive(message: AnnouncementMessage, context: Context): void {
    const { config, healthcheck, keepalive, lifecycle, logger, messaging } = this.#ports;
    switch (message.type) {
      case 'announce':
        this.#keep(context);
        return;
      case 'announced':
        if (!message.result.ok) {
          logger.warn(`a report could not be kept: ${message.result.error.message}`, { code: message.result.error.code });
          context.later(keepAgainMs, { type: 'announce' });
          return;
        }
        context.tell(messaging, { type: 'pending' });
        if (this.#state !== 'wanted') return;
        this.#state = 'kept';
        context.tell(keepalive, { type: 'tellStanding' });
        context.tell(healthcheck, { type: 'tellStanding' });
        context.tell(lifecycle, { type: 'tellStanding' });
        context.tell(config, { type: 'tellStanding' });
        return;
      default:
        assertNever(message);
    }
  }

  #want(context: Context): void {
    const { clock, random } = this.#ports;
    this.#state = 'wanted';
    this.#stamps = { node: uuid7(clock.now(), random), phase: uuid7(clock.now(), random), at: clock.now() };
    this.#keep(context);
  }

  #keep(context: Context): void {
    const { facts, state } = this.#ports;
    const { at, node, phase: id } = this.#stamps;
    const events: readonly ReportedEvent[] = [{ kind: 'node', id: node, at, ...facts }, { kind: 'phase', id, at, ...this.#standing() }];
    context.pipeToSelf(
      state.change([], events.map((event) => ({ event, trace: context.trace }))),
      (result) => ({ type: 'announced', result }),
      (error) => ({ type: 'announced', result: fail('internal', String(error)) }),
    );
  }
}
