// The templates of clusters: `clusters/NAME.json` in the server's home, read once, at the start. Other files there are left alone.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../node/home/system-error.ts';
import { clusterTemplate, type ClusterTemplate } from '../protocol/cluster-template.ts';
import { clusterName } from '../protocol/identity.ts';
import { firstIssue, parseJson } from '../protocol/json.ts';
import { fail, ok, type Result } from '../protocol/result.ts';

const ending = '.json';

/** One file, bytes. */
const largest = 4 * 1024 * 1024;
const mostFiles = 1_000;

const readTemplate = (file: string): Result<ClusterTemplate> => {
  const found = statSync(file);
  if (!found.isFile()) return fail('config_invalid', `${file} is not a file`);
  if (found.size > largest) return fail('config_invalid', `${file} has ${found.size} bytes: at most ${largest} are allowed`);
  const json = parseJson(readFileSync(file));
  if (!json.ok) return fail('config_invalid', `${file} ${json.error}`);
  const parsed = clusterTemplate.safeParse(json.value);
  return parsed.success ? ok(parsed.data) : fail('config_invalid', `${file} is wrong at ${firstIssue(parsed.error)}`);
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(ending) && !name.startsWith('.')).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
};

/** The templates in the home, by cluster. Fails with `config_invalid`, naming the file and the member. */
export const readTemplates = (home: string): Result<ReadonlyMap<string, ClusterTemplate>> => {
  const folder = path.join(home, 'clusters');
  const templates = new Map<string, ClusterTemplate>();
  let file = folder;
  try {
    const names = namesIn(folder);
    if (names.length > mostFiles) return fail('config_invalid', `${folder} has ${names.length} templates: at most ${mostFiles} are allowed`);
    for (const name of names) {
      file = path.join(folder, name);
      const cluster = clusterName.safeParse(name.slice(0, -ending.length));
      if (!cluster.success) return fail('config_invalid', `${file} is not named for a cluster: ${firstIssue(cluster.error)}`);
      const template = readTemplate(file);
      if (!template.ok) return template;
      templates.set(cluster.data, template.value);
    }
  } catch (error) {
    return fail('config_invalid', `${file} cannot be read (${systemCode(error)})`);
  }
  return ok(templates);
};
