// What goes wrong deep in a tree of files. It is thrown up to `caught`, which turns it into a value; anything else goes on as the
// crash it is.
import { errors, JetpackError, type ErrorCode } from '../../protocol/errors.ts';
import { fail, ok, type Failure, type Result } from '../../protocol/result.ts';
import { systemCode } from '../home/system-error.ts';

export const giveUp = (code: ErrorCode, message: string): never => {
  throw new JetpackError(code, message);
};

/** The value of a result, or its failure thrown. */
export const valueOf = <T>(result: Result<T>): T => (result.ok ? result.value : giveUp(result.error.code, result.error.message));

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errors, code);

const failureIn = (error: unknown): Failure | undefined => {
  if (typeof error !== 'object' || error === null || !('message' in error) || typeof error.message !== 'string') return undefined;
  const code = systemCode(error);
  return isErrorCode(code) ? { code, message: error.message } : undefined;
};

export const caught = async <T>(work: () => Promise<T>): Promise<Result<T>> => {
  try {
    return ok(await work());
  } catch (error) {
    const failure = failureIn(error);
    if (failure === undefined) throw error;
    return fail(failure.code, failure.message);
  }
};

const isAbort = (error: unknown): boolean => typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';

const gone: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/** Reads of a locker: what is not there is `project_missing`, what cannot be read `project_unusable`. */
export const reading = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (isAbort(error) || failureIn(error) !== undefined) throw error;
    const code = systemCode(error);
    return gone.has(code) ? giveUp('project_missing', `${file} is not there`) : giveUp('project_unusable', `${file} cannot be read (${code})`);
  }
};

/** Writes below the home: a failure is `home_unusable`. */
export const writing = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (isAbort(error) || failureIn(error) !== undefined) throw error;
    return giveUp('home_unusable', `${file} cannot be written (${systemCode(error)})`);
  }
};
