// What a caller says beside the fields that have a name: kept and shown as it was said.
import * as z from 'zod';

/** Levels of nesting, itself included: a frame that carries it stays far within `limits.depth`. */
const mostLevels = 16;

const fits = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' || value === null || (levels > 0 && Object.values(value).every((member) => fits(member, levels - 1)));

export const details = z
  .record(z.string(), z.unknown())
  .refine((value) => fits(value, mostLevels), `nests deeper than ${mostLevels} levels`)
  .optional()
  .describe('what else the caller said, as it was said');
