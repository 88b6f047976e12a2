// What a command says of a file or of standard input that it cannot have.
import { fail, type Result } from '../protocol/result.ts';

const reasons: Readonly<Record<string, string>> = { ENOENT: 'does not exist', EACCES: 'may not be read by this user', EISDIR: 'is a folder' };

export const tooLarge = (name: string, limit: number): Result<never> => fail('message_too_large', `${name} has more than ${limit} bytes, the most that is allowed`);

/** `code`: the system's, such as ENOENT. */
export const unreadable = (name: string, code: string): Result<never> => fail('file_unreadable', `${name} ${reasons[code] ?? `cannot be read (${code})`}`);
