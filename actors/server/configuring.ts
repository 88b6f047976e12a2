// The part of the orchestrator that keeps nodes at their configuration.
//
//   adopting   the templates this server was begun with go into the store; configurations wait for the revision they bring.
//   serving    from the store's answer on. If they could not be written they hold all the same, and it is tried again.
//
// A node that names a higher revision than the store's was told by a store that had more than this one has. This store's
// revision is raised above it before anything is sent, or the node would never take anything from it again.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { fail, type Result } from '../../protocol/result.ts';
import type { ActorContext } from '../definition.ts';
import type { Ordered, OrderStore } from './order-ports.ts';
import { nodeKey } from './standings.ts';

export type ConfiguringMessage =
  | { readonly type: 'adopt' }
  | { readonly type: 'adopted'; readonly result: Result<Ordered> }
  | { readonly type: 'raised'; readonly node: NodeAddress; readonly result: Result<Ordered> };

export interface ConfiguringPorts {
  readonly store: Pick<OrderStore, 'order' | 'revision'>;
  /** By cluster, as JSON. */
  readonly templates: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Context = ActorContext<ConfiguringMessage>;

/** Publishes its configuration to a node. */
type SendConfiguration = (to: NodeAddress) => void;

interface Standing {
  readonly node: NodeAddress;
  /** The revision the node names. */
  readonly configuration: number | undefined;
}

const adoptAgainMs = 10_000;

/** No store counts as far as this: a node that names such a revision is not believed, or it would use up all that are left. */
const incredible = 2 ** 50;

/** The outcome of an order whose promise was rejected. */
export const unwritable = (error: unknown): Result<Ordered> => fail('store_unwritable', String(error));

export class Configuring {
  readonly #ports: ConfiguringPorts;
  #adopted = false;
  /** Registered while the templates were being adopted. */
  readonly #owed = new Map<string, Standing>();

  constructor(ports: ConfiguringPorts) {
    this.#ports = ports;
  }

  registered(standing: Standing, send: SendConfiguration, context: Context): void {
    if (this.#adopted) this.#bringUpToDate(standing, true, send, context);
    else this.#owed.set(nodeKey(standing.node), standing);
  }

  heard(standing: Standing, send: SendConfiguration, context: Context): void {
    if (this.#adopted) this.#bringUpToDate(standing, false, send, context);
  }

  received(message: ConfiguringMessage, send: SendConfiguration, context: Context): void {
    const { logger, store, templates } = this.#ports;
    switch (message.type) {
      case 'adopt': {
        const adopting = store.order({ type: 'templates', templates });
        context.pipeToSelf(adopting, (result) => ({ type: 'adopted', result }), (error) => ({ type: 'adopted', result: unwritable(error) }));
        return;
      }
      case 'adopted':
        this.#adopted = true;
        for (const standing of this.#owed.values()) this.#bringUpToDate(standing, true, send, context);
        this.#owed.clear();
        if (message.result.ok) return;
        logger.error(`the templates could not be kept: ${message.result.error.message}`, { code: message.result.error.code });
        context.later(adoptAgainMs, { type: 'adopt' });
        return;
      case 'raised':
        if (message.result.ok) send(message.node);
        else logger.warn(`the revision could not be raised: ${message.result.error.message}`, { code: message.result.error.code });
    }
  }

  #bringUpToDate({ configuration: theirs, node }: Standing, always: boolean, send: SendConfiguration, context: Context): void {
    const { logger, store } = this.#ports;
    const ours = store.revision();
    if (theirs === undefined || theirs <= ours) {
      if (always || theirs !== ours) send(node);
      return;
    }
    if (theirs >= incredible) {
      logger.warn(`${node.cluster}/${node.node} names the revision ${theirs}, which no server gave it`);
      return;
    }
    const raising = store.order({ type: 'raise', above: theirs });
    context.pipeToSelf(raising, (result) => ({ type: 'raised', node, result }), (error) => ({ type: 'raised', node, result: unwritable(error) }));
  }
}
