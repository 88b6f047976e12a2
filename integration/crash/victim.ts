// A program that is killed and started again, with the same home.
//
//   down --live--> serving: the real program, until it is stopped
//   down --die--> starting -> serving -> killed: the real program for a kill by time, one with a fuse for a kill at a stage
//   any --abandon--> down for good
//
// It starts again at once, while what its clients had under way is still in the air. A program that ends in any other way
// than the one planned is a defect: the run ends with what it wrote.
import { pause, systemClock } from '../../effects/clock.ts';
import type { Ended, Running } from '../cluster/processes.ts';
import type { FuseSetting } from './fuse.ts';
import type { Moment } from './plan.ts';
import type { Stage } from './stages.ts';

/** Starts the real program, or the one with a fuse. */
export type Start = (fuse?: FuseSetting) => Running;

/** When it was killed in the end. A stage that was not reached in time becomes a kill while serving. */
export type Death = 'starting' | 'serving' | Stage;

/** How long a stage may take to be reached: the others may be down as well. */
const stageWithinMs = 15_000;

export class Victim {
  readonly name: string;
  readonly #start: Start;
  #running: Running | undefined;
  #abandoned = false;

  constructor(name: string, start: Start) {
    this.name = name;
    this.#start = start;
  }

  /** Resolves with what it says when it serves. */
  live(): Promise<string> {
    return this.#begin().serving;
  }

  async die(moment: Moment): Promise<Death> {
    switch (moment.type) {
      case 'starting': {
        const running = this.#begin();
        await pause(systemClock, moment.afterMs);
        return this.#killed(await running.kill(), 'starting');
      }
      case 'serving': {
        const running = this.#begin();
        await running.serving;
        await pause(systemClock, moment.afterMs);
        return this.#killed(await running.kill(), 'serving');
      }
      case 'stage': {
        const running = this.#begin(moment);
        const cancel = systemClock.after(stageWithinMs, () => void running.kill());
        const ended = await running.ended;
        cancel();
        return this.#killed(ended, running.stdout().trimEnd().endsWith(moment.stage) ? moment.stage : 'serving');
      }
    }
  }

  /** Asks the running program to end. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    return (await this.#running?.stop())?.code ?? null;
  }

  async abandon(): Promise<void> {
    this.#abandoned = true;
    await this.#running?.kill();
  }

  #begin(fuse?: FuseSetting): Running {
    if (this.#abandoned) throw new Error(`${this.name} is abandoned`);
    this.#running = this.#start(fuse);
    return this.#running;
  }

  #killed({ code, signal }: Ended, death: Death): Death {
    if (signal === 'SIGKILL') return death;
    throw new Error(`${this.name} ended by itself (code ${code}, signal ${signal}): ${this.#running?.stderr()}`);
  }
}
