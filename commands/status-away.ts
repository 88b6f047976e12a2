// `jetpack status` where jetpackd does not answer: what its files say. Its phase, the server and the broker only it could tell.
import type { Failure, Result } from '../protocol/result.ts';
import type { Run, Said } from './command.ts';
import { lookUp } from './config-key.ts';
import { presentKeepalive } from './keepalive.ts';
import { jsonText, styleFor } from './output.ts';
import { convergeLines, convergeMoods, healthLines, healthMood, partsTable, type Part, type Status } from './status-lines.ts';
import type { StatusInvocation } from './status.ts';

const waiting = (count: number): string => (count === 0 ? 'empty' : `${count} ${count === 1 ? 'message waits' : 'messages wait'}`);

/** A part that cannot be read says why. */
const part = <T>(name: string, found: Result<unknown>, lines: (known: T) => readonly string[], mood: (known: T) => Part[2] = () => undefined): Part =>
  // What wrote the files is of the version of this command, or the reading of them would have said so.
  found.ok ? [name, lines(found.value as T), mood(found.value as T)] : [name, [`not known: ${found.error.message}`], 'doubtful'];

const healthText = (health: NonNullable<Status['health']>): readonly string[] => (health.conditions.length === 0 ? ['no checks known'] : healthLines(health, ' when they last ran'));

const parts = ['outbox', 'spool', 'health', 'keepalive', 'converge'] as const;

/** Undefined for a home that nothing is known of. */
export const statusAway = async ({ json }: StatusInvocation, { host, node }: Run, away: Failure): Promise<Said | undefined> => {
  const config = node.configTree();
  const found = Object.fromEntries(await Promise.all(parts.map(async (name) => [name, await node.lastKnown(name)] as const))) as Readonly<Record<(typeof parts)[number], Result<unknown>>>;
  const { converge, health, keepalive, outbox, spool } = found;
  // An empty spool is what there is where there is nothing.
  if (!config.ok && [converge, health, keepalive, outbox].every(({ ok }) => !ok)) return undefined;
  const word = (key: string): string | undefined => {
    const value = config.ok ? lookUp(config.value.tree, key) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const { version } = host;
  const [cluster, name, answersAs] = ['cyclecloud.cluster.name', 'cyclecloud.node.name', 'cyclecloud.jetpack.version'].map(word);
  const said = { exit: 1, note: `${away.message}: this is what its files say (${away.code})` } as const;
  if (json) {
    const known = Object.fromEntries(parts.flatMap((each) => (found[each].ok ? [[each, found[each].value] as const] : [])));
    const unknown = Object.fromEntries(parts.flatMap((each) => (found[each].ok ? [] : [[each, found[each].error.message] as const])));
    return { ...said, out: jsonText({ cluster, node: name, version, answersAs, phase: 'unknown', away: away.message, ...known, unknown }) };
  }
  const unclear = 'unknown';
  const rows: readonly Part[] = [
    ['node', [`${cluster ?? unclear}/${name ?? unclear}, jetpack ${version}${answersAs === undefined ? '' : ` (answers as ${answersAs})`}`]],
    ['phase', [`${unclear}: ${away.message}`], 'bad'],
    part<number>('outbox', outbox, (count) => [waiting(count)]),
    part<number>('spool', spool, (count) => [waiting(count)]),
    part<NonNullable<Status['health']>>('health', health, healthText, healthMood),
    part<unknown>('keepalive', keepalive, (view) => [presentKeepalive(view)]),
    part<NonNullable<Status['converge']>>('converge', converge, convergeLines, ({ last }) => (last === undefined ? undefined : convergeMoods[last.outcome])),
  ];
  return { ...said, out: partsTable(rows, styleFor(host.terminal, host.env)) };
};
