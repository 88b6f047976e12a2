import type { ErrorCode } from './errors.ts';

/** An expected failure as a value: a code from the closed list and one clear line for a person. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

export type Result<T, E = Failure> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const fail = (code: ErrorCode, message: string): { readonly ok: false; readonly error: Failure } => ({
  ok: false,
  error: { code, message },
});

/** For the default branch of a switch over a union: the compiler proves it is never reached. */
export const assertNever = (value: never): never => {
  throw new Error(`unexpected variant: ${JSON.stringify(value)}`);
};
