// What the config actor does about properties: sets them, answers when they are durable and stand in their file, and tells all of
// them anew to a server that may not know them any more.
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import { fail, type Result } from '../../../protocol/result.ts';
import type { ActorContext } from '../../definition.ts';
import type { ActorRef } from '../../ref.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { NodeState } from '../state.ts';
import type { ConfigMessage, PropertyMessage, SetProperty } from './messages.ts';
import type { ConfigFile } from './ports.ts';
import { readProperties } from './properties.ts';
import { SetProperties } from './set-properties.ts';

export interface PropertyPorts {
  readonly state: NodeState;
  readonly file: Pick<ConfigFile, 'writeProperties'>;
  readonly messaging: ActorRef<DrainPending>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

type Context = ActorContext<ConfigMessage>;

/** How soon what could not be told is tried again. */
const againMs = 10_000;

const failed = (error: unknown): Result<boolean> => fail('internal', String(error));

export class PropertyDesk {
  readonly #ports: PropertyPorts;
  readonly #properties: SetProperties;

  constructor(ports: PropertyPorts) {
    this.#ports = ports;
    this.#properties = new SetProperties(ports.state);
  }

  set({ reply, ...request }: SetProperty, context: Context): void {
    context.pipeToSelf(
      this.#properties.set(request, context.trace),
      (result) => ({ type: 'propertyKept', reply, result }),
      (error) => ({ type: 'propertyKept', reply, result: failed(error) }),
    );
  }

  tellStanding(context: Context): void {
    const { clock, random } = this.#ports;
    context.pipeToSelf(
      this.#properties.tellStanding(() => ({ id: uuid7(clock.now(), random), at: clock.now() }), context.trace),
      (result) => ({ type: 'propertiesTold', result }),
      (error) => ({ type: 'propertiesTold', result: failed(error) }),
    );
  }

  done(message: PropertyMessage, context: Context): void {
    const { file, logger, messaging, state } = this.#ports;
    if (message.result.ok && message.result.value) context.tell(messaging, { type: 'pending' });
    if (message.type === 'propertyKept') {
      message.reply(message.result.ok ? file.writeProperties(readProperties(state)) : message.result);
    } else if (!message.result.ok) {
      logger.warn(`what props set could not be told: ${message.result.error.message}`, { code: message.result.error.code });
      context.later(againMs, { type: 'tellStanding' });
    }
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#properties.idle();
  }
}
