// Who speaks: a cluster's name and a node's name within it.
import * as z from 'zod';
import { encodeSegment } from './segment.ts';

/** Both names stand in routing keys, which AMQP bounds at 255 bytes; each may take this much of one, once encoded. */
const segmentBytes = 100;

const controlCharacter = /\p{Cc}/u;

const name = (what: string) =>
  z
    .string()
    .min(1, `${what} is empty`)
    // Encoding costs time for every character, so a name that cannot fit goes no further.
    .max(segmentBytes, { error: `${what} is too long`, abort: true })
    .refine((text) => !controlCharacter.test(text), `${what} holds a control character`)
    .refine((text) => text.isWellFormed(), `${what} is not valid Unicode`)
    .refine((text) => encodeSegment(text).length <= segmentBytes, `${what} is too long`)
    .describe(`${what}: no control characters, at most ${segmentBytes} bytes once written as a word of a routing key`);

export const clusterName: z.ZodType<string> = name('the cluster name');
export const nodeName: z.ZodType<string> = name('the node name');

/** A UUID in lower case: ids of messages and streams. */
export const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'not a UUID in lower case');

export const nodeAddress = z.object({ cluster: clusterName, node: nodeName });

export type NodeAddress = z.infer<typeof nodeAddress>;
