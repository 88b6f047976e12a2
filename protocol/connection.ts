// config/connection.json in a node's home: who this node is and how to reach its server. `jetpackd enroll` writes it; a person may.
//
// Scripts read `cluster`, `username`, `password` and `url` of it (reference, section 3), and mean the server's HTTP API by that. So the broker
// is `broker`; where there is none it is `url`, as it was before.
import * as z from 'zod';
import { clusterName, nodeName } from './identity.ts';

const file = z.string().min(1, 'names no file');

const urls = z.union([z.string(), z.array(z.string()).min(1, 'names no broker').max(16)], { error: 'is neither a URL nor a list of at most 16' });

export const connectionFile = z.object({
  cluster: clusterName.optional(),
  node: nodeName.optional(),
  /** `amqp://` or `amqps://`, with user and password; several are addresses of one broker cluster. */
  broker: urls.optional(),
  /** The server's HTTP API. Without `broker`: the broker. */
  url: urls.optional(),
  /** For HTTP, as node.json has them: for scripts. */
  username: z.string().optional(),
  password: z.string().optional(),
  prefix: z.string().optional(),
  /** Files in PEM, relative to the folder of this one. */
  ca: file.optional(),
  cert: file.optional(),
  key: file.optional(),
});

export type ConnectionFile = z.infer<typeof connectionFile>;
