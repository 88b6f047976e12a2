// `jetpack config --explain`: which layer of the configuration a value comes from (docs/OPERATIONS.md).
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import type { Run, Said } from './command.ts';
import { missingKey, type ConfigInvocation } from './config.ts';
import type { Envelope } from './envelope.ts';
import { printable } from './line.ts';
import { jsonText, styleFor } from './output.ts';

const shortMs = 5_000;

/** As the daemon answers, the one that counts first. */
type Explained = ReadonlyArray<{ readonly layer: string; readonly value: unknown }>;

export const explainRequest = (key: string, { id, trace }: Envelope): LocalRequestOf<'explain'> => ({ verb: 'explain', id, key, ...(trace === undefined ? {} : { trace }) });

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object is made of what all layers have of it; anything else hides what is below. */
const standing = (explained: Explained, index: number): string => {
  if (index === 0) return 'counts';
  return explained.slice(0, index + 1).every(({ value }) => isObject(value)) ? 'merged' : 'hidden';
};

export const explainConfig = async ({ json, key = '' }: ConfigInvocation, { envelope, host, node }: Run): Promise<Result<Said>> => {
  const asked = await node.ask({ request: explainRequest(key, envelope), socket: 'cluster', withinMs: shortMs, untilBack: false });
  if (!asked.ok) return asked;
  // The daemon and this command are of one version, or the handshake would have said so.
  const explained = asked.value as Explained;
  if (explained.length === 0) return fail('key_missing', missingKey(key));
  const rows = explained.map(({ layer, value }, index) => ({ layer, standing: standing(explained, index), value }));
  if (json) return ok({ out: jsonText(rows) });
  const cells = rows.map(({ layer, standing: stands, value }) => [layer, stands, printable(JSON.stringify(value))]);
  return ok({ out: styleFor(host.terminal, host.env).table([['layer', '', 'value'], ...cells]) });
};
