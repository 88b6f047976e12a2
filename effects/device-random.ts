// The operating system's randomness for a program that needs one id and is gone: to load Node's crypto takes a sixth of the
// time in which a Node process begins.
import { closeSync, openSync, readSync } from 'node:fs';
import { systemRandom, type Random } from './random.ts';

/** Undefined when there is no such device, or it gives less than that. */
const readDevice = (device: string, length: number): Uint8Array | undefined => {
  const bytes = new Uint8Array(length);
  try {
    const descriptor = openSync(device, 'r');
    try {
      return readSync(descriptor, bytes) === length ? bytes : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
};

export const deviceRandom = (device = '/dev/urandom'): Random => ({
  next: () => systemRandom.next(),
  bytes: (length) => readDevice(device, length) ?? systemRandom.bytes(length),
});
