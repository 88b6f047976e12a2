// A broker inside this process, for a first try and for fast tests. It keeps every promise of the contract suite but one
// that no memory can keep: nothing outlives the process.
import type { Clock } from '../../effects/clock.ts';
import type { TransportOptions } from '../port.ts';
import { EmbeddedCore } from './core.ts';
import { EmbeddedTransport } from './transport.ts';

export interface EmbeddedBroker {
  connect(options: TransportOptions): EmbeddedTransport;
  /** As an operator would; consumers are cancelled and declare it again. */
  deleteQueue(name: string): void;
}

/** `clock` times expiry: of messages and of queues without a consumer. */
export const createEmbeddedBroker = ({ clock }: { readonly clock: Clock }): EmbeddedBroker => {
  const core = new EmbeddedCore(clock);
  return {
    connect: (options) => new EmbeddedTransport(core, options),
    deleteQueue: (name) => core.deleteQueue(name),
  };
};
