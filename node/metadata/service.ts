// A metadata service: asked again, with a growing pause, while it says that it will answer later or does not answer at all.
import { pause, type Clock } from '../../effects/clock.ts';
import type { Random } from '../../effects/random.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { delayOf } from '../../supervisors/policy/backoff.ts';
import { request, type RequestLimits, type ServiceAnswer, type ServiceRequest } from './request.ts';

/** How hard it is tried. */
export interface Effort {
  readonly limits: RequestLimits;
  /** Times that one question is asked. */
  readonly attempts: number;
  /** Bound of the first pause, and the longest, milliseconds. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface Reach {
  readonly effort: Effort;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** Not there yet, gone for a moment, too often, or the service's own trouble: each may be otherwise a moment later. */
const mayPass = (status: number): boolean => status === 404 || status === 410 || status === 429 || status >= 500;

/** As the service wants it, in seconds; none for a date, which no metadata service sends. */
const wantedPauseMs = ({ headers }: ServiceAnswer): number => {
  const text = headers['retry-after'] ?? '';
  return /^\d{1,5}$/.test(text) ? Number(text) * 1_000 : 0;
};

export interface Question extends Pick<ServiceRequest, 'headers'> {
  readonly method?: ServiceRequest['method'];
  readonly path: string;
  /** Besides 200: answers that are taken as they are. */
  readonly also?: readonly number[];
}

export class MetadataService {
  readonly #base: URL;
  readonly #reach: Reach;

  constructor(base: string, reach: Reach) {
    this.#base = new URL(base);
    this.#reach = reach;
  }

  /** The error completes "it …". */
  async ask({ also = [], headers, method = 'GET', path }: Question): Promise<Result<ServiceAnswer, string>> {
    const { clock, effort, random, signal } = this.#reach;
    const policy = { firstMs: effort.firstPauseMs, capMs: effort.longestPauseMs, quietMs: 0 };
    for (let attempt = 1; ; attempt += 1) {
      const answer = await request({ url: new URL(path, this.#base), method, headers }, effort.limits, clock, signal);
      if (answer.ok && (answer.value.status === 200 || also.includes(answer.value.status))) return answer;
      const error = answer.ok ? `answers ${method} ${path.split('?')[0] ?? path} with ${answer.value.status}` : answer.error;
      if (attempt >= effort.attempts || signal.aborted || (answer.ok && !mayPass(answer.value.status))) return { ok: false, error };
      const wanted = answer.ok ? wantedPauseMs(answer.value) : 0;
      await pause(clock, Math.max(wanted, delayOf(policy, attempt - 1, random.next())), signal);
    }
  }

  /** The text of the answer; undefined where there is none of this name. */
  async text(question: Question): Promise<Result<string | undefined, string>> {
    const answer = await this.ask({ ...question, also: [404] });
    if (!answer.ok) return answer;
    return ok(answer.value.status === 404 ? undefined : answer.value.body.toString('utf8'));
  }
}
