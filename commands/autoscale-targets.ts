// What a file of node arrays asks for (reference, section 5.9): a list of `{ "Name": …, "TargetCoreCount": … }`, or one of them.
// Attributes are written in any case. What is neither a name nor a number of cores or machines is kept as an attribute of the array.
import type { AutoscaleTarget } from '../protocol/autoscale.ts';
import { autoscaleLimits } from '../protocol/autoscale-limits.ts';
import type { Result } from '../protocol/result.ts';

type Count = 'coreCount' | 'instanceCount';

const counts: Readonly<Record<string, Count>> = { targetcorecount: 'coreCount', targetcount: 'instanceCount', targetinstancecount: 'instanceCount' };
/** Those of an array's groups, which there are so many of. */
const groupCounts: Readonly<Record<string, Count>> = { groupcorecount: 'coreCount', groupinstancecount: 'instanceCount' };
const groups = 'targetgroupcount';
const nameKey = 'name';

type Read<T> = Result<T, string>;

const refused = (error: string): { readonly ok: false; readonly error: string } => ({ ok: false, error });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A number of something; from text as well, as schedulers print it. */
const countOf = (attribute: string, value: unknown): Read<number> => {
  const count = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? { ok: true, value: count } : refused(`${attribute} is not a whole number from 0 on`);
};

const nameOf = (value: unknown): Read<string> => {
  if (typeof value !== 'string' || value === '') return refused('Name is no text');
  return value.length <= autoscaleLimits.name ? { ok: true, value } : refused(`Name is longer than ${autoscaleLimits.name} characters`);
};

const read = (record: Readonly<Record<string, unknown>>): Read<AutoscaleTarget> => {
  const target: { name?: string; coreCount?: number; instanceCount?: number } = {};
  const attributes: Array<readonly [string, unknown]> = [];
  const entries = Object.entries(record).map(([attribute, value]) => ({ attribute, key: attribute.toLowerCase(), value }));
  const grouped = entries.find(({ key }) => key === groups);
  const times = grouped === undefined ? ({ ok: true, value: 1 } as const) : countOf(grouped.attribute, grouped.value);
  if (!times.ok) return times;
  for (const { attribute, key, value } of entries) {
    const [count, ofGroup] = [counts[key], groupCounts[key]];
    if (key === nameKey) {
      const name = nameOf(value);
      if (!name.ok) return name;
      target.name = name.value;
    } else if (count !== undefined || ofGroup !== undefined) {
      const number = countOf(attribute, value);
      if (!number.ok) return number;
      if (count !== undefined) target[count] = number.value;
      if (ofGroup !== undefined) target[ofGroup] = number.value * times.value;
    } else if (key !== groups) attributes.push([attribute, value]);
  }
  if (target.coreCount === undefined && target.instanceCount === undefined) return refused('it asks for neither cores nor machines: give TargetCoreCount or TargetCount');
  if (JSON.stringify(Object.fromEntries(attributes)).length > autoscaleLimits.attributes) return refused(`its attributes have more than ${autoscaleLimits.attributes} characters`);
  return { ok: true, value: { ...target, ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }) } };
};

const sum = (one: number | undefined, other: number | undefined): number | undefined => (one === undefined ? other : one + (other ?? 0));

/** Some callers give an array an entry for each job: it is asked for with their sum. */
const together = (one: AutoscaleTarget | undefined, other: AutoscaleTarget): AutoscaleTarget => {
  if (one === undefined) return other;
  const [coreCount, instanceCount] = [sum(one.coreCount, other.coreCount), sum(one.instanceCount, other.instanceCount)];
  const attributes = { ...one.attributes, ...other.attributes };
  return {
    ...other,
    ...(coreCount !== undefined && { coreCount }),
    ...(instanceCount !== undefined && { instanceCount }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
};

/** What is wrong is one line, which names the record by its place. */
export const targetsOf = (value: unknown): Read<readonly AutoscaleTarget[]> => {
  const records: readonly unknown[] = Array.isArray(value) ? value : [value];
  const targets = new Map<string, AutoscaleTarget>();
  for (const [index, record] of records.entries()) {
    if (!isObject(record)) return refused(Array.isArray(value) ? `record ${index + 1} is no object` : 'it is neither a list nor an object');
    const target = read(record);
    if (!target.ok) return refused(`record ${index + 1}: ${target.error}`);
    const { name = '' } = target.value;
    targets.set(name, together(targets.get(name), target.value));
  }
  return targets.size <= autoscaleLimits.targets ? { ok: true, value: [...targets.values()] } : refused(`it has ${targets.size} node arrays: at most ${autoscaleLimits.targets} are allowed`);
};
