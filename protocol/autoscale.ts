// How much a cluster is asked to have of a node array (reference, section 5.9).
import * as z from 'zod';
import { autoscaleLimits } from './autoscale-limits.ts';

const { attributes, name, targets } = autoscaleLimits;

const count = z.int().min(0);

const autoscaleTarget = z
  .object({
    name: z.string().min(1).max(name).optional().describe('of the node array; absent: of the cluster as a whole'),
    coreCount: count.optional().describe('cores'),
    instanceCount: count.optional().describe('machines'),
    attributes: z
      .record(z.string(), z.unknown())
      .refine((given) => JSON.stringify(given).length <= attributes, `has more than ${attributes} characters`)
      .optional()
      .describe(`what else was said of the array, such as \`MachineType\`, for whoever makes machines; at most ${attributes.toLocaleString('en')} characters of JSON`),
  })
  .refine(({ coreCount, instanceCount }) => coreCount !== undefined || instanceCount !== undefined, 'asks for neither cores nor machines');

export type AutoscaleTarget = z.infer<typeof autoscaleTarget>;

export const autoscaleTargets = z.array(autoscaleTarget).max(targets).describe('empty: this node asks for nothing any more');
