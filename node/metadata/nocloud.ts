// NoCloud: a folder with `meta-data` and `user-data` that whoever set the machine up left on it.
import path from 'node:path';
import { parseExactTree } from '../../commands/exact-json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { cloudFacts } from './cloud-facts.ts';
import { idAt, textAt } from './look.ts';
import type { Metadata } from './metadata.ts';
import { readSmallFile } from './small-file.ts';
import { parseYamlSubset } from './yaml-subset.ts';

const isJson = (bytes: Uint8Array): boolean => /^\s*\{/.test(Buffer.from(bytes).toString('latin1'));

/** `user-data` must be there for the folder to be a seed, as with cloud-init. What it holds is for whoever it is for, and often secret. */
export const readSeed = async (folder: string): Promise<Result<Metadata, string>> => {
  const [read, user] = await Promise.all(['meta-data', 'user-data'].map((name) => readSmallFile(path.join(folder, name))));
  if (read?.ok !== true) return read ?? { ok: false, error: 'has no meta-data' };
  if (user?.ok !== true) return user ?? { ok: false, error: 'has no user-data' };
  const parsed = isJson(read.value) ? parseExactTree(read.value) : parseYamlSubset(read.value.toString('utf8'));
  if (!parsed.ok) return { ok: false, error: `has a meta-data that ${parsed.error}` };
  const instanceId = idAt(parsed.value, 'instance-id') ?? idAt(parsed.value, 'instance_id');
  const facts = cloudFacts({
    provider: 'nocloud',
    instanceId,
    publicIpv4: [textAt(parsed.value, 'public-ipv4')],
    localIpv4: [textAt(parsed.value, 'local-ipv4')],
    publicHostname: textAt(parsed.value, 'public-hostname'),
    localHostname: textAt(parsed.value, 'local-hostname') ?? textAt(parsed.value, 'hostname'),
    vmSize: textAt(parsed.value, 'instance-type'),
    region: textAt(parsed.value, 'region'),
    zone: textAt(parsed.value, 'availability-zone'),
  });
  return ok({ source: 'nocloud', ...(instanceId === undefined ? {} : { instanceId }), tree: { nocloud: { metadata: parsed.value }, ...facts } });
};
