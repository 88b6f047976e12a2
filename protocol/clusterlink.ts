// What programs made for version 8 post to `/clusterlink/messages` (reference, section 7). Members that are not named here are passed
// over, but those of `data`: they are kept with the event, as they were said. The descriptions are what docs/PROTOCOL.md prints.
import * as z from 'zod';
import { installationStatuses, level, priority } from './events.ts';
import { id } from './identity.ts';

const message = <T extends string, S extends z.ZodRawShape>(type: T, meaning: string, data: S) =>
  z
    .object({
      type: z.literal(type),
      cluster_name: z.string().max(255).describe('the cluster of the node that speaks'),
      instance_id: z.string().max(255).describe('`cyclecloud.instance.id` of that node, or its name'),
      timestamp: z.union([z.string().max(64), z.number()]).describe('when: ISO 8601, in UTC where it names no zone; or seconds or milliseconds since the epoch'),
      cluster_session_id: z.unknown().optional().describe('means nothing here'),
      id: id.optional().describe('the same id again is the same message; absent: the same words of the same time are'),
      data: z.looseObject(data),
    })
    .describe(meaning);

export const clusterlinkMessages = {
  log: message('log', 'As `jetpack log`.', {
    level: level.optional().describe('absent: info'),
    priority: priority.optional().describe('absent: high for level error, else medium'),
    message: z.string(),
  }),
  test: message('test', 'What a test on the node found.', {
    level: level.optional().describe('absent: info'),
    name: z.string().max(255).optional(),
    message: z.string().optional().describe('one line for a person'),
  }),
  installation: message('installation', 'How the installation of the node stands, as `jetpack hostname-changed` tells it.', {
    status: z.enum(installationStatuses),
    message: z.string().max(10_000).optional().describe('one line for a person'),
    hostname: z.string().min(1).max(255).optional().describe('of the node; absent: unchanged. A node that is told over HTTP asks its machine instead'),
  }),
} as const;

export const clusterlinkMessage = z.discriminatedUnion('type', [clusterlinkMessages.log, clusterlinkMessages.test, clusterlinkMessages.installation]);

export type ClusterlinkMessage = z.infer<typeof clusterlinkMessage>;

export const clusterlinkPath = '/clusterlink/messages';

/** Where a program learns whether its credentials are right. */
export const whoAmIPath = '/clusterlink/node';

/** Messages in one request. */
const mostClusterlinkMessages = 512;

export const clusterlinkBody = z.object({
  messages: z.array(z.unknown()).min(1, 'holds no message').max(mostClusterlinkMessages, `holds more than ${mostClusterlinkMessages} messages`),
});
