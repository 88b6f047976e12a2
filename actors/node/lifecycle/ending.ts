// One end of the node: what is registered runs, one after another, each once.
//
//   open     some are to be run. That a script begins is durable before it does, so that no crash has it run a second time; one that was
//            interrupted so counts as failed
//   over     all have ended, well or not, and that is durable before it is told: asked again, the same end has the same outcome, and
//            nothing runs, whatever was registered since
//   expired  the machine has begun anew since it was asked for: it was ended then. What goes on is not to be drained, and nothing runs
//
// A script that fails holds up none of the others. What was registered when another one of them began is run too. It ends no node.
import type { BootClock } from '../../../effects/boot-clock.ts';
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Json } from '../../../protocol/configuration.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { isTree } from '../../../protocol/tree.ts';
import { isOfThisBoot, type BootMoment } from '../boot-moment.ts';
import { flawWithLine } from '../script-ending.ts';
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
  readonly bootClock: BootClock;
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
  readonly over: boolean;
}

const prefix = 'end/';
/** Ends that are remembered, so that one that is asked for again is known. */
const kept = 20;

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
  isTree(json) && typeof json['at'] === 'number' && Array.isArray(json['begun'])
    ? { at: json['at'], begun: json['begun'].flatMap(readBegun), over: json['over'] === true }
    : undefined;

const expired = ({ begun }: Record): Result<never> => {
  const what = begun.length === 0 ? 'nothing was run' : `${begun.length} script${begun.length === 1 ? '' : 's'} had begun, and no other was run`;
  return fail('command_expired', `the machine has begun anew since: ${what}`);
};

export class Ending {
  readonly #ports: EndingPorts;
  /** What is known of ends that are under way and may not be durable as far. */
  readonly #known = new Map<string, Record>();

  constructor(ports: EndingPorts) {
    this.#ports = ports;
  }

  /**
   * `accepted`: when the end was asked for. Fails with `script_failed`, naming those that did, and with `command_expired` when the
   * machine has begun anew since; with `state_unwritable` or `actor_stopped` it is to be asked for again.
   */
  async run(request: string, accepted: BootMoment | undefined, signal: AbortSignal): Promise<Result<EndReport>> {
    const { bootClock, clock, logger, registered, scripts } = this.#ports;
    const found = this.#known.get(request) ?? readRecord(this.#ports.state.get(`${prefix}${request}`)) ?? { at: clock.now(), begun: [], over: false };
    if (found.over) return this.#outcome(found);
    if (accepted === undefined || !isOfThisBoot(bootClock, accepted)) return expired(found);
    let record = await this.#takeUp(found);
    for (;;) {
      const { begun } = record;
      const next = registered().find(({ id }) => begun.every(({ registration }) => registration !== id));
      if (next === undefined) return this.#end(request, { ...record, over: true });
      if (signal.aborted) return fail('actor_stopped', 'jetpackd is stopping');
      const run = uuid7(clock.now(), this.#ports.random);
      const begins: Begun = { registration: next.id, path: next.path, run, ended: false };
      const opened: Record = { ...record, begun: [...begun, begins] };
      const written = await this.#write(request, opened);
      if (!written.ok) return written;
      this.#known.set(request, opened);
      logger.info(`the node is to end: ${next.path} runs`);
      const result = await scripts.run(next, run, begun.length + 1, signal);
      // It is told of as interrupted by whoever takes this up.
      if (result.ending.type === 'aborted') return fail('actor_stopped', 'jetpackd is stopping');
      const flaw = flawWithLine(result);
      if (flaw !== undefined) logger.warn(`${next.path} ${flaw}`);
      record = { ...record, begun: [...begun, { ...begins, ended: true, ...(flaw !== undefined && { flaw }) }] };
      // Should this not be kept, then a later life takes it for interrupted; in this one it is known.
      this.#known.set(request, record);
      const told = await this.#write(request, record);
      if (!told.ok) logger.warn(`how ${next.path} ended could not be kept: ${told.error.message}`, { code: told.error.code });
    }
  }

  /** What an earlier life began and did not see end is ended, and has failed. */
  async #takeUp(found: Record): Promise<Record> {
    const open = found.begun.filter(({ ended }) => !ended);
    if (open.length === 0) return found;
    await this.#ports.scripts.endLeftovers(open.map(({ run }) => run));
    return { ...found, begun: found.begun.map((each) => (each.ended ? each : { ...each, ended: true, flaw: interrupted })) };
  }

  async #end(request: string, record: Record): Promise<Result<EndReport>> {
    const written = await this.#write(request, record);
    if (!written.ok) return written;
    this.#known.delete(request);
    return this.#outcome(record);
  }

  #outcome({ begun }: Record): Result<EndReport> {
    const failed = begun.filter(({ flaw }) => flaw !== undefined);
    if (failed.length === 0) return ok({ ran: begun.length });
    const each = failed.map(({ flaw = '', path }) => `${path} ${flaw}`).join('; ');
    return fail('script_failed', `${failed.length} of ${begun.length} scripts did not end well: ${each}`);
  }

  #write(request: string, { at, begun, over }: Record): Promise<Result<void>> {
    const value: Json = { at, begun: begun.map((each) => ({ ...each })), over };
    return this.#ports.state.change([{ key: `${prefix}${request}`, value }, ...this.#outdated(request)]);
  }

  #outdated(request: string): readonly StateChange[] {
    const { state } = this.#ports;
    const others = state.keys(prefix).filter((key) => key !== `${prefix}${request}`);
    const byAge = others.map((key) => ({ key, at: readRecord(state.get(key))?.at ?? 0 })).toSorted((one, other) => other.at - one.at);
    return byAge.slice(kept - 1).map(({ key }) => ({ key, value: undefined }));
  }
}
