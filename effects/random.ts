// Randomness as a parameter, so that a run can be repeated from its seed.
import { randomBytes } from 'node:crypto';

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

const poolBytes = 4_096;

/** Asking the system costs the same for one id as for hundreds: it is asked for many bytes at a time, each handed out once. */
const pooled = (): ((length: number) => Uint8Array) => {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (length) => {
    if (length > poolBytes) return randomBytes(length);
    if (used + length > pool.length) {
      pool = randomBytes(poolBytes);
      used = 0;
    }
    used += length;
    const bytes = Uint8Array.prototype.slice.call(pool, used - length, used);
    pool.fill(0, used - length, used);
    return bytes;
  };
};

/** The operating system's randomness: for ids and streams that must never repeat. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: pooled(),
};

/** A repeatable sequence (mulberry32) for tests, fault runs and benchmarks. Never for anything that must be unguessable. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)) };
};

/**
 * A UUID of version 7 (RFC 9562, section 5.7): 48 bits of wall-clock milliseconds, then randomness. Ids minted later
 * sort later, which keeps an index over them appending at its end.
 */
export const uuid7 = (now: number, random: Random): string => {
  const { buffer, byteOffset } = random.bytes(16);
  const bytes = Buffer.from(buffer, byteOffset, 16);
  bytes.writeUIntBE(Math.floor(now), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
