// Commands of the server under chaos: given over HTTP all the time, each under an id of its own and again until it is taken, and judged
// in the end: done by every node, and never told otherwise afterwards.
import type { StoredEvent } from '../../actors/server/ports.ts';
import { pause, systemClock } from '../../effects/clock.ts';
import { systemRandom, uuid7 } from '../../effects/random.ts';
import { post } from '../cluster/commands.ts';
import type { ProcessCluster } from '../cluster/process-cluster.ts';
import { told } from '../cluster/told.ts';

/** Between one command and the next, and before one that was not taken is given again. */
const everyMs = 1_500;
const againMs = 250;

/** The setting that is changed; its value is the number of the command. */
export const setting = 'chaos.turn';

export interface CommandVerdict {
  readonly given: number;
  /** Pairs of a command and a node that has not done it. */
  readonly missing: readonly string[];
  /** Pairs whose outcome was told in two ways. */
  readonly contradicted: readonly string[];
}

/** What the store knows of these commands. */
export const judgeCommands = (ids: readonly string[], nodes: readonly string[], events: readonly StoredEvent[]): CommandVerdict => {
  const missing: string[] = [];
  const contradicted: string[] = [];
  for (const node of nodes) {
    const outcomes = new Map<string, Set<string>>();
    for (const { command, state } of told(events, node, 'command')) {
      if (state !== 'accepted') outcomes.set(command, (outcomes.get(command) ?? new Set()).add(state));
    }
    for (const id of ids) {
      const found = outcomes.get(id) ?? new Set();
      if (!found.has('done')) missing.push(`${id} on ${node}`);
      if (found.size > 1) contradicted.push(`${id} on ${node}`);
    }
  }
  return { given: ids.length, missing, contradicted };
};

export class Commanding {
  /** Those that were taken, in order. */
  readonly ids: string[] = [];
  readonly #cluster: ProcessCluster;
  readonly #givenUp: AbortSignal;
  readonly #ended = new AbortController();
  readonly #giving: Promise<void>;

  /** `givenUp`: from then on it waits for no answer. */
  constructor(cluster: ProcessCluster, givenUp: AbortSignal) {
    this.#cluster = cluster;
    this.#givenUp = givenUp;
    this.#giving = this.#give();
    // Heard of at the end.
    this.#giving.catch(() => undefined);
  }

  /** Resolves when the last command has been taken; rejects when one was refused for good. */
  end(): Promise<void> {
    this.#ended.abort();
    return this.#giving;
  }

  async #give(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const id = uuid7(systemClock.now(), systemRandom);
      const command = { id, command: 'set', key: setting, value: this.ids.length + 1 };
      while (!(await this.#taken(command))) {
        await pause(systemClock, againMs, this.#givenUp);
        if (this.#givenUp.aborted) return;
      }
      this.ids.push(id);
      await pause(systemClock, everyMs, this.#ended.signal);
    }
  }

  /** Not yet while the server is down, or has only begun. */
  async #taken(command: Parameters<typeof post>[1]): Promise<boolean> {
    let answer: Awaited<ReturnType<typeof post>>;
    try {
      answer = await post(this.#cluster, command, AbortSignal.timeout(5_000));
    } catch {
      return false;
    }
    if (answer.status === 202) return true;
    if (answer.status === 503) return false;
    throw new Error(`a command was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}
