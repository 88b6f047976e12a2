// config/connection.json in a node's home: how to reach its server (reference, section 3: cluster, username, password, url).
import { z } from 'zod';

export const connectionFile = z.object({
  cluster: z.string().optional(),
  /** The broker, `amqp://` or `amqps://`, with user and password. */
  url: z.string().optional(),
});
