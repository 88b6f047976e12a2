// What converge is told and asked, and what it answers.
import type { Card } from '../../../protocol/card.ts';
import type { ConvergeTrigger, Phase } from '../../../protocol/events.ts';
import type { Result } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import type { ConfigurationKnown } from '../config/messages.ts';
import type { HealthSummary } from '../health/healthcheck.ts';
import type { ConvergeStep, StepStanding, Synced } from './ports.ts';
import type { ConvergeRecord } from './record.ts';
import type { RanScript } from './script.ts';

/** Told to sync when the phase's event is durable. */
export interface PhaseEntered {
  readonly type: 'phase';
  readonly phase: Phase;
  /** One line for a person. */
  readonly detail?: string;
}

export interface ConvergeReport {
  /** Names the converge. */
  readonly run: string;
  readonly ran: number;
  /** Scripts that had run before. */
  readonly skipped: number;
  /** The first failure that was passed over, where failures are. */
  readonly failed?: Card;
  readonly durationMs: number;
}

/**
 * Answered when it has ended. Fails with `converge_running` when the command line asks during another, with `busy` when too
 * many wait; with `script_failed`,
 * `project_missing`, `project_unusable`, `home_unusable` or `state_unwritable` as it ends.
 */
export interface ConvergeRequest {
  readonly type: 'converge';
  readonly trigger: ConvergeTrigger;
  readonly rerunScripts: boolean;
  /** Whether the projects are taken as they lie in the home. When it waits with another that brings them, they are brought. */
  readonly noSync?: boolean | undefined;
  /** Whether it tells of every step. */
  readonly debug?: boolean | undefined;
  /** Whether the system calls of its scripts are written down; fails with `tool_missing` where that cannot be. */
  readonly strace?: boolean | undefined;
  /** A UUID: of two converges under one id, the second is the first, or runs nothing again that it ran. Absent: each is its own. */
  readonly run?: string;
  /** Takes lines for a person. */
  readonly progress?: (line: string) => void;
  readonly reply: Reply<Result<ConvergeReport>>;
}

export interface ConvergePlan {
  readonly steps: ReadonlyArray<Pick<ConvergeStep, 'project' | 'version' | 'spec' | 'script' | 'sha256'> & { readonly state: StepStanding }>;
  readonly warnings: readonly string[];
}

/** Fails with `wait_unmet` before there is a configuration, else with `project_missing` or `project_unusable`. */
export interface PlanRequest {
  readonly type: 'plan';
  readonly reply: Reply<Result<ConvergePlan>>;
}

export interface ConvergeView {
  readonly state: 'recovering' | 'idle' | 'converging' | 'ending';
  readonly last?: ConvergeRecord;
  /** How many wait for the next one. */
  readonly waiting: number;
}

export interface ConvergeQuestion {
  readonly type: 'converge?';
  readonly reply: Reply<ConvergeView>;
}

/** A script may begin: the node's state knows it. */
export interface StepKept {
  readonly type: 'stepKept';
  readonly step: ConvergeStep;
  readonly job: string;
  readonly result: Result<void>;
}

export interface StepRan {
  readonly type: 'ran';
  readonly step: ConvergeStep;
  readonly ran: RanScript;
}

export type ConvergeMessage =
  | ConfigurationKnown
  | ConvergeRequest
  | { readonly type: 'mayTrace'; readonly request: ConvergeRequest; readonly result: Result<void> }
  | PlanRequest
  | ConvergeQuestion
  | { readonly type: 'recovered'; readonly processes: number; readonly script: string | undefined }
  | { readonly type: 'graceOver' }
  | { readonly type: 'begun'; readonly result: Result<void> }
  | { readonly type: 'synced'; readonly result: Result<Synced> }
  | StepKept
  | StepRan
  | { readonly type: 'checked'; readonly result: Result<HealthSummary> }
  | { readonly type: 'door'; readonly closed: boolean; readonly result: Result<void, string> }
  | { readonly type: 'opened'; readonly result: Result<void, string> }
  | { readonly type: 'ended'; readonly result: Result<void> }
  | { readonly type: 'endAgain' }
  | { readonly type: 'attempt'; readonly attempt: number }
  | { readonly type: 'planned' }
  | { readonly type: 'broke'; readonly error: unknown };
