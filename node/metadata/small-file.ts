import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ok, type Result } from '../../protocol/result.ts';
import { systemCode } from '../home/system-error.ts';

const mostBytes = 1024 * 1024;

/** A regular file of at most a megabyte. The error completes "it …" of the folder that it is in. Never rejects. */
export const readSmallFile = async (file: string): Promise<Result<Buffer, string>> => {
  try {
    // Without waiting: a pipe in its place has no end.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await handle.stat();
      if (!status.isFile()) return { ok: false, error: `has ${file}, which is not a regular file` };
      if (status.size > mostBytes) return { ok: false, error: `has ${file} of ${status.size} bytes: at most ${mostBytes} are allowed` };
      return ok(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error);
    return { ok: false, error: code === 'ENOENT' || code === 'ENOTDIR' ? `has no ${file}` : `has ${file}, which cannot be read (${code})` };
  }
};
