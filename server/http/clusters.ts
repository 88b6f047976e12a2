// What is asked of a cluster as a whole.
//
//   GET  /api/clusters/CLUSTER/autoscale   how much it is to have of its node arrays, now
import type { FastifyInstance } from 'fastify';
import type { AutoscaleTargetRecord } from '../../actors/server/ports.ts';
import type { Result } from '../../protocol/result.ts';
import { refuse } from './problem.ts';

export interface ClusterSources {
  autoscale(cluster: string): Promise<Result<readonly AutoscaleTargetRecord[]>>;
}

export const clusterPath = /^\/api\/clusters\/[^/]+\/autoscale$/;

/** A cluster that nobody has told of has no targets, as one that nobody asks anything of. */
export const addClusters = (scope: FastifyInstance, sources: ClusterSources): void => {
  scope.get<{ Params: { cluster: string } }>('/api/clusters/:cluster/autoscale', async ({ params: { cluster } }, response) => {
    const targets = await sources.autoscale(cluster);
    return targets.ok ? { targets: targets.value } : refuse(response, 503, targets.error.code, targets.error.message);
  });
};
