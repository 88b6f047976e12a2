// What `jetpack send --file` sends, read no further than a body may go.
import { createReadStream } from 'node:fs';
import { tooLarge, unreadable } from '../commands/unreadable.ts';
import { systemCode } from '../node/home/system-error.ts';
import { ok, type Result } from '../protocol/result.ts';

/** The bytes of a file or pipe at `path`. Fails with `file_unreadable` or `message_too_large`. */
export const readFileBody = (path: string, limit: number): Promise<Result<Uint8Array>> => readBody(path, createReadStream(path), limit);

/** The bytes of a stream, which the failure's line calls `name`. */
export const readBody = async (name: string, stream: AsyncIterable<Uint8Array>, limit: number): Promise<Result<Uint8Array>> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > limit) return tooLarge(name, limit);
    }
  } catch (error) {
    return unreadable(name, systemCode(error));
  }
  return ok(Buffer.concat(chunks));
};
