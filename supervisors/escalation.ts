// Why a program ends whose root supervisor gave up: the code and the line it exits with.
import { JetpackError } from '../protocol/errors.ts';
import { fail, type Failure } from '../protocol/result.ts';
import { reasonOf } from '../transport/reason.ts';

/** A crash without a code is a defect of this program. */
export const escalation = (error: unknown): Failure => fail(error instanceof JetpackError ? error.code : 'internal', reasonOf(error)).error;
