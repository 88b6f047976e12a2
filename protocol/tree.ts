// What tells a tree from any other JSON.
import type { Json, Tree } from './configuration.ts';

/** Of what is known to be JSON: an object, and no list. */
export const isTree = (value: Json | undefined): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
