// `--metadata LIST`: which sources of cloud metadata are asked, and where they are.
import path from 'node:path';
import { shown } from '../../commands/flags.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { isOfFiles, sourceNames, type MetadataPlan, type SourceEntry } from './metadata.ts';

export const metadataFlag = { value: 'LIST', env: 'JETPACK_METADATA', help: `cloud metadata: auto, none, or of ${sourceNames.join(', ')} the first that answers, each also as NAME=PLACE, else auto` } as const;

/** Plain HTTP without name and password: that is all a metadata service speaks. */
const isServiceUrl = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && url.protocol === 'http:' && url.username === '' && url.password === '' && url.pathname === '/' && url.search === '' && url.hash === '';
};

const parseEntry = (text: string): SourceEntry | string => {
  const [, named = '', place] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const name = sourceNames.find((known) => known === named);
  if (name === undefined) return `'${shown(named)}' is not one of ${sourceNames.join(', ')}`;
  if (place === undefined) return { name };
  if (isOfFiles({ name })) return path.isAbsolute(place) ? { name, place } : `${name} takes an absolute path of a folder`;
  return isServiceUrl(place) ? { name, place } : `${name} takes the address of a service, such as http://127.0.0.1:8000`;
};

export const parseMetadataPlan = (program: string, text: string): Result<MetadataPlan> => {
  if (text === 'auto' || text === 'none') return ok(text);
  const entries: SourceEntry[] = [];
  for (const part of text.split(',')) {
    const entry = parseEntry(part.trim());
    if (typeof entry === 'string') return fail('usage', `${program}: --metadata: ${entry}`);
    entries.push(entry);
  }
  return ok(entries);
};
