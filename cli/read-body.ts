// What `jetpack send --file` sends, read no further than a body may go.
import { createReadStream } from 'node:fs';
import { systemCode } from '../node/home/system-error.ts';
import { limits } from '../protocol/limits.ts';
import { fail, ok, type Result } from '../protocol/result.ts';

const reasons: Readonly<Record<string, string>> = { ENOENT: 'does not exist', EACCES: 'may not be read by this user', EISDIR: 'is a folder' };

/** The bytes of a file or pipe at `path`. Fails with `file_unreadable` or `message_too_large`. */
export const readFileBody = (path: string): Promise<Result<Uint8Array>> => readBody(path, createReadStream(path));

/** The bytes of a stream, which the failure's line calls `name`. */
export const readBody = async (name: string, stream: AsyncIterable<Uint8Array>): Promise<Result<Uint8Array>> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > limits.userBody) return fail('message_too_large', `${name} has more than ${limits.userBody} bytes, the most that is allowed`);
    }
  } catch (error) {
    const code = systemCode(error);
    return fail('file_unreadable', `${name} ${reasons[code] ?? `cannot be read (${code})`}`);
  }
  return ok(Buffer.concat(chunks));
};
