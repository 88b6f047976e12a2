// config/connection.json in a node's home: how to reach its server (reference, section 3: cluster, username, password, url).
import { z } from 'zod';
import { clusterName } from './identity.ts';

export const connectionFile = z.object({
  cluster: clusterName.optional(),
  /** The broker, `amqp://` or `amqps://`, with user and password. */
  url: z.string().optional(),
});
