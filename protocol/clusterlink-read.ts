// A body posted to `/clusterlink/messages` into events: all of them, or why none. What a message says of who sends it is believed of
// nobody: it must be the node that whoever reads this knows the sender to be.
//
// A caller that had no answer posts the same again, and its messages have no id. So a message without one is known by its words and its
// time, and by how many of the same stand before it in its request: the same request again has the same ids.
import { createHash } from 'node:crypto';
import { clusterlinkBody, clusterlinkMessage, type ClusterlinkMessage } from './clusterlink.ts';
import { details } from './details.ts';
import { defaultPriority } from './default-priority.ts';
import type { EventOf } from './events.ts';
import type { NodeAddress } from './identity.ts';
import { firstIssue, parseJson } from './json.ts';
import { assertNever, fail, ok, type Result } from './result.ts';

/** An event as a caller told it: the name of the host is the node's to fill in. */
export type ToldEvent = EventOf<'log' | 'test'> | (Omit<EventOf<'installation'>, 'hostname'> & { readonly hostname?: string | undefined });

/** Who a sender is known to be. */
export interface Speaker extends NodeAddress {
  /** What its instance may be called besides; none: whatever it says. */
  readonly instances: readonly string[];
}

/** Seconds since the epoch are below it for three thousand years, milliseconds above since 1973. */
const milliseconds = 100_000_000_000;
/** The largest time that a Date can tell. */
const endOfTime = 8.64e15;
const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/;

const timeOf = (timestamp: string | number): number | undefined => {
  if (typeof timestamp === 'number') {
    const at = Math.trunc(timestamp < milliseconds ? timestamp * 1_000 : timestamp);
    return at >= 0 && at <= endOfTime ? at : undefined;
  }
  const match = iso.exec(timestamp);
  const at = match === null ? Number.NaN : Date.parse(`${timestamp.replace(' ', 'T')}${match[1] === undefined ? 'Z' : ''}`);
  return at >= 0 ? at : undefined;
};

/** An id that is of the version for what a program derives by itself. */
const derivedId = (words: string, before: number): string => {
  const hex = createHash('sha256').update(`${before} ${words}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const eventOf = (message: ClusterlinkMessage, head: { readonly id: string; readonly at: number }): Result<ToldEvent, string> => {
  const { type } = message;
  const besides = (rest: Readonly<Record<string, unknown>>): Result<Pick<ToldEvent, 'details'>, string> => {
    if (Object.keys(rest).length === 0) return ok({});
    const parsed = details.safeParse(rest);
    return parsed.success ? ok({ details: parsed.data }) : { ok: false, error: `data: ${firstIssue(parsed.error)}` };
  };
  switch (type) {
    case 'log': {
      const { level = 'info', priority = defaultPriority[level], message: text, ...rest } = message.data;
      const more = besides(rest);
      return more.ok ? ok({ kind: type, ...head, level, priority, message: text, ...more.value }) : more;
    }
    case 'test': {
      const { level = 'info', message: text, name, ...rest } = message.data;
      const more = besides(rest);
      return more.ok ? ok({ kind: type, ...head, level, name, message: text, ...more.value }) : more;
    }
    case 'installation': {
      const { hostname, message: text, status, ...rest } = message.data;
      const more = besides(rest);
      return more.ok ? ok({ kind: type, ...head, status, message: text, hostname, ...more.value }) : more;
    }
    default:
      return assertNever(type);
  }
};

/** Fails with `request_invalid`, naming the message, or with `identity_refused`: a message that is of another node. */
export const readClusterlink = (bytes: Uint8Array, speaker: Speaker): Result<readonly ToldEvent[]> => {
  const json = parseJson(bytes);
  if (!json.ok) return fail('request_invalid', `the body ${json.error}`);
  const body = clusterlinkBody.safeParse(json.value);
  if (!body.success) return fail('request_invalid', firstIssue(body.error));
  const events: ToldEvent[] = [];
  const sameBefore = new Map<string, number>();
  for (const [index, value] of body.data.messages.entries()) {
    const refuse = (reason: string): Result<never> => fail('request_invalid', `messages.${index}: ${reason}`);
    const parsed = clusterlinkMessage.safeParse(value);
    if (!parsed.success) return refuse(firstIssue(parsed.error));
    const { cluster_name: cluster, id, instance_id: instance, timestamp } = parsed.data;
    const { instances, node } = speaker;
    if (cluster !== speaker.cluster || (instances.length > 0 && instance !== node && !instances.includes(instance))) {
      return fail('identity_refused', `messages.${index}: it is not of ${speaker.cluster}/${node}, which sent it`);
    }
    const at = timeOf(timestamp);
    if (at === undefined) return refuse('timestamp is no time in ISO 8601, and no seconds or milliseconds since the epoch');
    const words = JSON.stringify([speaker.cluster, node, value]);
    const before = sameBefore.get(words) ?? 0;
    sameBefore.set(words, before + 1);
    const event = eventOf(parsed.data, { id: id ?? derivedId(words, before), at });
    if (!event.ok) return refuse(event.error);
    events.push(event.value);
  }
  return ok(events);
};
