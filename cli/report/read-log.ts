import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemCode } from '../../node/home/system-error.ts';
import { redactText } from './redact.ts';

export interface ReadLog {
  /** Without secrets. */
  readonly text: string;
  /** Of the file, how many of its last bytes were read. */
  readonly kept: number;
  readonly bytes: number;
}

const lineFeed = 0x0a;

/** The last `most` bytes of a file of text, from the beginning of a line on. `why`: what keeps it out of a report. */
export const readLog = async (file: string, most: number): Promise<ReadLog | { readonly why: string }> => {
  try {
    // Neither a link nor a pipe may have taken its place since it was found.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = await handle.stat();
      if (!status.isFile()) return { why: 'no file' };
      const wanted = Math.min(status.size, most);
      const buffer = Buffer.alloc(wanted);
      let length = 0;
      while (length < wanted) {
        const { bytesRead } = await handle.read(buffer, length, wanted - length, status.size - wanted + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      const read = buffer.subarray(0, length);
      // What is not text cannot be searched for secrets.
      if (read.includes(0)) return { why: 'not text' };
      const cut = wanted < status.size;
      // Half a line has lost the name of what stands in it.
      const kept = cut ? read.subarray(read.indexOf(lineFeed) + 1 || length) : read;
      return { text: redactText(kept.toString(), cut), kept: kept.length, bytes: status.size };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { why: `cannot be read (${systemCode(error)})` };
  }
};
