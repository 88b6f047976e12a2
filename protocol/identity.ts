// Who speaks: a cluster's name and a node's name within it.
import { z } from 'zod';
import { encodeSegment } from './segment.ts';

/** Both names stand in routing keys, which AMQP bounds at 255 bytes; each may take this much of one, once encoded. */
const segmentBytes = 100;

const controlCharacter = /\p{Cc}/u;

const name = (what: string): z.ZodType<string> =>
  z
    .string()
    .min(1, `${what} is empty`)
    .refine((text) => !controlCharacter.test(text), `${what} holds a control character`)
    .refine((text) => text.isWellFormed(), `${what} is not valid Unicode`)
    .refine((text) => encodeSegment(text).length <= segmentBytes, `${what} is too long`);

export const clusterName = name('the cluster name');
export const nodeName = name('the node name');

/** A UUID in lower case: ids of messages and streams. */
export const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'not a UUID in lower case');

export const nodeAddress = z.object({ cluster: clusterName, node: nodeName });

export type NodeAddress = z.infer<typeof nodeAddress>;
