import { specReferences, type SpecReferences } from '../../actors/node/config/spec-references.ts';
import type { Tree } from '../../protocol/configuration.ts';
import { readConfigTree } from '../config/read-tree.ts';
import { valueOf } from './trouble.ts';

/** The specs that node.json lists, daemon or no daemon. Throws as `readConfigTree` fails. */
export const listedSpecs = (home: string): SpecReferences =>
  // The tree keeps numbers as they were written; here they are numbers.
  specReferences(JSON.parse(JSON.stringify(valueOf(readConfigTree(home)).tree)) as Tree);
