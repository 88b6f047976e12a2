// config/connection.json in a node's home: who this node is and how to reach its server (reference, section 3: cluster,
// username, password, url). `jetpackd enroll` writes it; a person may.
import * as z from 'zod';
import { clusterName, nodeName } from './identity.ts';

const file = z.string().min(1, 'names no file');

export const connectionFile = z.object({
  cluster: clusterName.optional(),
  node: nodeName.optional(),
  /** The broker, `amqp://` or `amqps://`, with user and password; several are addresses of one broker cluster. */
  url: z.union([z.string(), z.array(z.string()).min(1, 'names no broker').max(16)], { error: 'is neither a URL nor a list of at most 16' }).optional(),
  prefix: z.string().optional(),
  /** Files in PEM, relative to the folder of this one. */
  ca: file.optional(),
  cert: file.optional(),
  key: file.optional(),
});

export type ConnectionFile = z.infer<typeof connectionFile>;
