// The node's configuration as the command line reads it: from node.json alone, whether jetpackd runs or not.
import { isTree, type ExactJson } from '../../commands/exact-json.ts';
import type { HomeFile, ReadConfig } from '../../commands/host.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { homePaths } from '../home/paths.ts';
import { configFiles, readJsonFile, readTreeFile, type TreeFile } from './tree-file.ts';

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

/** Another file of config/; undefined when there is none. Fails like `readConfigTree`. */
export const readHomeFile = (home: string, file: HomeFile): Result<ExactJson | undefined> => {
  const path = configFiles(homePaths(home).config)[file];
  const found = readJsonFile(path);
  switch (found.type) {
    case 'good':
      if (file === 'properties' && !isTree(found.json)) return fail('config_damaged', `${path} is not a JSON object`);
      return ok(found.json);
    case 'missing':
      return ok(undefined);
    case 'forbidden':
      return forbidden(path);
    case 'damaged':
      return fail('config_damaged', `${path} ${found.reason}`);
  }
};
