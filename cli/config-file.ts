// The node's configuration as the command line reads it: from node.json alone, whether jetpackd runs or not.
import type { ExactTree } from '../commands/exact-json.ts';
import { configFiles, readTreeFile, type TreeFile } from '../node/config/tree-file.ts';
import { homePaths } from '../node/home/paths.ts';
import { fail, ok, type Result } from '../protocol/result.ts';

export interface ReadConfig {
  readonly tree: ExactTree;
  /** node.json could not be used, and an earlier one was. */
  readonly warning?: string;
}

const forbidden = (file: string): Result<never> => fail('file_unreadable', `${file} may be read by root and the group cyclecloud only`);

const complaint = (found: Exclude<TreeFile, { readonly type: 'good' }>): string => {
  switch (found.type) {
    case 'missing':
      return 'does not exist';
    case 'forbidden':
      return 'may not be read';
    case 'damaged':
      return found.reason;
  }
};

/**
 * `config/node.json` of this home, else its last good copy, with a warning. Fails with `file_unreadable` when there is none
 * or this user may not read it, and with `config_damaged` when neither can be used.
 */
export const readConfigTree = (home: string): Result<ReadConfig> => {
  const files = configFiles(homePaths(home).config);
  const found = readTreeFile(files.node);
  if (found.type === 'good') return ok({ tree: found.tree });
  if (found.type === 'forbidden') return forbidden(files.node);
  const wrong = `${files.node} ${complaint(found)}`;
  const lastGood = readTreeFile(files.lastGood);
  if (lastGood.type === 'good') return ok({ tree: lastGood.tree, warning: `${wrong}: this is from ${files.lastGood}` });
  if (lastGood.type === 'forbidden') return forbidden(files.lastGood);
  if (found.type === 'missing' && lastGood.type === 'missing') return fail('file_unreadable', `${wrong}: jetpackd writes it when it first starts`);
  const neither = lastGood.type === 'missing' ? 'there is no earlier good one' : `${files.lastGood} ${complaint(lastGood)}`;
  return fail('config_damaged', `${wrong}, and ${neither}`);
};
