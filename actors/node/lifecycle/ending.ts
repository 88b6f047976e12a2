// One end of the node: what is registered runs, one after another, each once.
//
//   open     some are to be run. That a script begins is durable before it does, so that no crash has it run a second time; one that was
//            interrupted so counts as failed
//   over     all have ended, well or not: asked again, the same end has the same outcome, and nothing runs
//
// A script that fails holds up none of the others. What was registered when another one of them began is run too. It ends no node.
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Json } from '../../../protocol/configuration.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { isTree } from '../../../protocol/tree.ts';
import type { ScriptResult } from '../scripts.ts';
import type { NodeState, StateChange } from '../state.ts';
import type { EndScripts } from './ports.ts';
import type { Registration } from './registrations.ts';

/** How an end went: the scripts that ran. */
export interface EndReport {
  readonly ran: number;
}

export interface EndingPorts {
  readonly state: NodeState;
  readonly scripts: EndScripts;
  readonly registered: () => readonly Registration[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A script of an end. `flaw` completes "it …": why it did not end well; `ended` false: it began, and nothing else is known. */
interface Begun {
  readonly registration: string;
  readonly path: string;
  readonly run: string;
  readonly ended: boolean;
  readonly flaw?: string;
}

interface Record {
  readonly at: number;
  readonly begun: readonly Begun[];
}

const prefix = 'end/';
/** Ends that are remembered, so that one that is asked for again is known. */
const kept = 20;
/** A line of an answer. */
const longest = 300;

const interrupted = 'was interrupted by the end of jetpackd, and is not run a second time';

const isText = (value: unknown): value is string => typeof value === 'string';

const readBegun = (json: Json): readonly Begun[] => {
  if (!isTree(json)) return [];
  const { ended, flaw, path, registration, run } = json;
  if (!isText(registration) || !isText(path) || !isText(run)) return [];
  return [{ registration, path, run, ended: ended === true, ...(isText(flaw) && { flaw }) }];
};

/** What is found under a key was written by this program, or is as good as nothing. */
const readRecord = (json: Json | undefined): Record | undefined =>
  isTree(json) && typeof json['at'] === 'number' && Array.isArray(json['begun']) ? { at: json['at'], begun: json['begun'].flatMap(readBegun) } : undefined;

const lastLine = (tail: string): string => {
  const line = tail.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `: ${line.length <= longest ? line : `${line.slice(0, longest)}…`}`;
};

const flawOf = ({ ending, tail }: ScriptResult): string | undefined => {
  switch (ending.type) {
    case 'exited':
      return ending.code === 0 ? undefined : `exited with code ${ending.code}${lastLine(tail)}`;
    case 'signalled':
      return `ended by ${ending.signal}${lastLine(tail)}`;
    case 'timedOut':
      return `timed out after ${ending.afterMs / 1_000} s`;
    case 'unstartable':
      return `was not run: it ${ending.reason}`;
    case 'aborted':
      return interrupted;
  }
};

export class Ending {
  readonly #ports: EndingPorts;

  constructor(ports: EndingPorts) {
    this.#ports = ports;
  }

  /** Fails with `script_failed`, naming those that did; with `state_unwritable` or `actor_stopped` it is to be asked for again. */
  async run(request: string, signal: AbortSignal): Promise<Result<EndReport>> {
    const { clock, logger, registered, scripts } = this.#ports;
    let record = await this.#takeUp(request);
    for (;;) {
      const { begun } = record;
      const next = registered().find(({ id }) => begun.every(({ registration }) => registration !== id));
      if (next === undefined) return this.#outcome(record);
      if (signal.aborted) return fail('actor_stopped', 'jetpackd is stopping');
      const run = uuid7(clock.now(), this.#ports.random);
      const begins: Begun = { registration: next.id, path: next.path, run, ended: false };
      const written = await this.#write(request, { ...record, begun: [...begun, begins] });
      if (!written.ok) return written;
      logger.info(`the node is to end: ${next.path} runs`);
      const result = await scripts.run(next, run, begun.length + 1, signal);
      // It is told of as interrupted by whoever takes this up.
      if (result.ending.type === 'aborted') return fail('actor_stopped', 'jetpackd is stopping');
      const flaw = flawOf(result);
      if (flaw !== undefined) logger.warn(`${next.path} ${flaw}`);
      record = { ...record, begun: [...begun, { ...begins, ended: true, ...(flaw !== undefined && { flaw }) }] };
      // Should this not be kept, then a later life takes it for interrupted; in this one it is known.
      const told = await this.#write(request, record);
      if (!told.ok) logger.warn(`how ${next.path} ended could not be kept: ${told.error.message}`, { code: told.error.code });
    }
  }

  /** What an earlier life began and did not see end is ended, and has failed. */
  async #takeUp(request: string): Promise<Record> {
    const { clock, scripts, state } = this.#ports;
    const found = readRecord(state.get(`${prefix}${request}`));
    if (found === undefined) return { at: clock.now(), begun: [] };
    const open = found.begun.filter(({ ended }) => !ended);
    if (open.length === 0) return found;
    await scripts.endLeftovers(open.map(({ run }) => run));
    return { ...found, begun: found.begun.map((each) => (each.ended ? each : { ...each, ended: true, flaw: interrupted })) };
  }

  #outcome({ begun }: Record): Result<EndReport> {
    const failed = begun.filter(({ flaw }) => flaw !== undefined);
    if (failed.length === 0) return ok({ ran: begun.length });
    const each = failed.map(({ flaw = '', path }) => `${path} ${flaw}`).join('; ');
    return fail('script_failed', `${failed.length} of ${begun.length} scripts did not end well: ${each}`);
  }

  #write(request: string, { at, begun }: Record): Promise<Result<void>> {
    const value: Json = { at, begun: begun.map((each) => ({ ...each })) };
    return this.#ports.state.change([{ key: `${prefix}${request}`, value }, ...this.#outdated(request)]);
  }

  #outdated(request: string): readonly StateChange[] {
    const { state } = this.#ports;
    const others = state.keys(prefix).filter((key) => key !== `${prefix}${request}`);
    const byAge = others.map((key) => ({ key, at: readRecord(state.get(key))?.at ?? 0 })).toSorted((one, other) => other.at - one.at);
    return byAge.slice(kept - 1).map(({ key }) => ({ key, value: undefined }));
  }
}
