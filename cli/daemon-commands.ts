// Commands that the daemon answers: what each asks, for how long, and what it prints.
import { convergeRequest, presentConverge, type ConvergeInvocation } from '../commands/converge.ts';
import type { Envelope } from '../commands/envelope.ts';
import { healthExit, healthRequest, presentHealth, type HealthInvocation } from '../commands/health.ts';
import { inspectRequest, presentInspect, type InspectInvocation } from '../commands/inspect.ts';
import { keepaliveRequest, presentKeepalive, type KeepaliveInvocation } from '../commands/keepalive.ts';
import { presentStatus, statusRequest, type StatusInvocation } from '../commands/status.ts';
import { waitRequest, type WaitInvocation } from '../commands/sync-wait.ts';
import { assertNever } from '../protocol/result.ts';
import type { Question } from './ask.ts';

export type AskingInvocation = ConvergeInvocation | HealthInvocation | InspectInvocation | KeepaliveInvocation | StatusInvocation | WaitInvocation;

interface Asking {
  readonly question: Omit<Question, 'onProgress'>;
  /** What is printed for the daemon's result. */
  readonly present: (result: unknown) => string;
  /** Exit code of a command that was answered, default 0. */
  readonly exit?: (result: unknown) => 0 | 1;
}

const shortMs = 5_000;
/** Every check has a time limit of its own; this bounds a great many of them. */
const checksMs = 3_600_000;
const convergeMs = 24 * 3_600_000;
/** The daemon's own answer, which says how the nodes stand, comes before this one. */
const graceMs = 2_000;

export const askingOf = (invocation: AskingInvocation, envelope: Envelope): Asking => {
  switch (invocation.command) {
    case 'converge':
      return {
        question: { request: convergeRequest(invocation, envelope), socket: 'admin', withinMs: convergeMs, untilBack: false },
        present: (result) => presentConverge(invocation, result),
      };
    case 'health':
      return {
        question: { request: healthRequest(invocation, envelope), socket: 'cluster', withinMs: invocation.run ? checksMs : shortMs, untilBack: false },
        present: (result) => presentHealth(invocation, result),
        exit: healthExit,
      };
    case 'inspect':
      return {
        question: { request: inspectRequest(envelope), socket: 'admin', withinMs: shortMs, untilBack: false },
        present: (result) => presentInspect(invocation, result),
      };
    case 'keepalive':
      return {
        question: { request: keepaliveRequest(invocation, envelope), socket: 'cluster', withinMs: shortMs, untilBack: false },
        present: (result) => `${presentKeepalive(result)}\n`,
      };
    case 'status':
      return {
        question: { request: statusRequest(envelope), socket: 'cluster', withinMs: shortMs, untilBack: false },
        present: (result) => presentStatus(invocation, result),
      };
    case 'sync wait':
      return {
        question: { request: waitRequest(invocation, envelope), socket: 'cluster', withinMs: invocation.timeoutMs + graceMs, graceMs, untilBack: true },
        present: () => '',
      };
    default:
      return assertNever(invocation);
  }
};
