// What a failure leads to. A decider looks at the error; the restart type, which is OTP's, says what the end of a child means.

/**
 * `resume`: drop the message at fault and go on with the state of the last good one. `restart`: begin anew. `stop`: this is
 * how the child ends normally. `escalate`: this supervisor cannot help, its parent may.
 */
export type Directive = 'resume' | 'restart' | 'stop' | 'escalate';

export type Decider = (error: unknown) => Directive;

/** `permanent`: always begun anew. `transient`: only after a failure. `temporary`: never. */
export type RestartType = 'permanent' | 'transient' | 'temporary';

export const restartAlways: Decider = () => 'restart';

/**
 * The directive that holds for a child of this type. `resumable` is false when there is no good state to go on with: a
 * failed start, or a supervisor that gave up.
 */
export const judge = (restart: RestartType, directive: Directive, resumable: boolean): Directive => {
  if (directive === 'escalate') return 'escalate';
  if (directive === 'resume' && resumable) return 'resume';
  switch (restart) {
    case 'permanent':
      return 'restart';
    case 'transient':
      return directive === 'stop' ? 'stop' : 'restart';
    case 'temporary':
      return 'stop';
  }
};
