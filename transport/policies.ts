// What an operator may tune on a running broker, and what only some versions know, as RabbitMQ policies: a queue's
// arguments cannot change while it exists, and an argument that a version does not know would be a mismatch after an upgrade.
//
// Only one policy holds for a queue, the one with the highest priority, so a policy for later versions repeats what the
// earlier one says. A version refuses a policy with a key it does not know.
import { exactly, literal } from './pattern.ts';
import { namesFor } from './topology.ts';

export interface Policy {
  readonly name: string;
  /** Matches the names it holds for. */
  readonly pattern: string;
  /** Not `quorum_queues` or `classic_queues`, which 3.10 does not know. */
  readonly applyTo: 'queues';
  readonly priority: number;
  readonly definition: Readonly<Record<string, string | number>>;
  /** The first version that knows every key of it. */
  readonly since: string;
  /** For the documents: what it is good for. */
  readonly purpose: string;
}

const minute = 60_000;
const day = 24 * 60 * minute;

/** A report is settled within seconds, so a server that holds one so long hangs. */
const consumerTimeout = { 'consumer-timeout': 5 * minute };

const all = (prefix: string): readonly Policy[] => {
  const { events, dead } = namesFor(prefix);
  return [
    {
      name: `${prefix}.node`,
      pattern: `^${literal(prefix)}\\.node\\.[^.]+\\.[^.]+$`,
      applyTo: 'queues',
      priority: 1,
      definition: { 'max-length': 10_000, 'max-length-bytes': 67_108_864, overflow: 'drop-head' },
      since: '3.10.0',
      purpose: 'a node that is away holds up little: what gives way is sent again until it is answered',
    },
    {
      name: dead,
      pattern: exactly(dead),
      applyTo: 'queues',
      priority: 1,
      definition: { 'message-ttl': 14 * day },
      since: '3.10.0',
      purpose: 'dead letters are kept for 14 days',
    },
    {
      name: events,
      pattern: exactly(events),
      applyTo: 'queues',
      priority: 1,
      definition: { ...consumerTimeout },
      since: '3.12.0',
      purpose: 'a server that hangs gives its reports back after 5 minutes, not 30',
    },
    {
      name: `${events}.retry`,
      pattern: exactly(events),
      applyTo: 'queues',
      priority: 2,
      // Delays what counts towards the delivery limit: 1 s, 2 s, 3 s …
      definition: { ...consumerTimeout, 'delayed-retry-type': 'failed', 'delayed-retry-min': 1_000, 'delayed-retry-max': 30_000 },
      since: '4.3.1',
      purpose: 'the same, and a report that could not be stored comes again after a while instead of at once',
    },
  ];
};

const numbers = (version: string): readonly number[] => version.split('.').map((part) => Number.parseInt(part, 10) || 0);

const atLeast = (version: string, least: string): boolean => {
  const have = numbers(version);
  const differs = numbers(least).findIndex((part, index) => (have[index] ?? 0) !== part);
  return differs === -1 || (have[differs] ?? 0) > (numbers(least)[differs] ?? 0);
};

/** Those that a RabbitMQ of this version, `4.0.5`, knows; without one all there are. */
export const policiesFor = (prefix: string, version?: string): readonly Policy[] =>
  all(prefix).filter(({ since }) => version === undefined || atLeast(version, since));
