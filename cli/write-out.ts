// Prints without a stream: opening one takes a tenth of the time that a Node process needs to begin.
import { writeSync } from 'node:fs';
import { systemCode } from '../node/home/system-error.ts';

/** How soon a pipe that had no room is tried again. */
const againMs = 2;

const never = new Int32Array(new SharedArrayBuffer(4));

/** `gone`: whoever read our output has. `failed`: a disk is full, or worse. */
export type Written = 'written' | 'gone' | 'failed';

/** Returns when the system has all of it, in whatever way the pipe was opened, or will not take it. */
export const writeOut = (descriptor: number, text: string | Uint8Array): Written => {
  let rest = typeof text === 'string' ? Buffer.from(text) : text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = systemCode(error);
      if (code !== 'EAGAIN') return code === 'EPIPE' ? 'gone' : 'failed';
      Atomics.wait(never, 0, 0, againMs);
    }
  }
  return 'written';
};
