// Commands to the nodes of a test's cluster, given as anybody gives them: over HTTP.
import type { CommandRecord, Target } from '../../actors/server/order-ports.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { clusterName, type ProcessCluster } from './process-cluster.ts';

const answeredMs = 60_000;

export type Given = Readonly<Record<string, unknown>> & { readonly command: string };

export interface Posted {
  readonly status: number;
  /** As the API documents it. */
  readonly body: { readonly id?: string; readonly targets?: readonly string[]; readonly code?: string };
}

export const post = async ({ url }: ProcessCluster, given: Given, signal?: AbortSignal): Promise<Posted> => {
  const body = JSON.stringify({ cluster: clusterName, nodes: 'all', ...given });
  const response = await fetch(new URL('/api/commands', url), { method: 'POST', headers: { 'content-type': 'application/json' }, body, ...(signal === undefined ? {} : { signal }) });
  return { status: response.status, body: (await response.json()) as Posted['body'] };
};

/** The id of a command that was taken. */
export const give = async (cluster: ProcessCluster, given: Given): Promise<string> => {
  const { body, status } = await post(cluster, given);
  if (status !== 202 || body.id === undefined) throw new Error(`the command was answered with ${status}: ${JSON.stringify(body)}`);
  return body.id;
};

export const recordOf = async ({ url }: ProcessCluster, id: string): Promise<CommandRecord> => {
  const response = await fetch(new URL(`/api/commands/${id}`, url));
  if (response.status !== 200) throw new Error(`GET /api/commands/${id}: ${response.status}`);
  return (await response.json()) as CommandRecord;
};

/** How each of its nodes answered, once all have. */
export const answered = (cluster: ProcessCluster, id: string): Promise<readonly Target[]> =>
  waitFor(
    `every node to answer ${id}`,
    async () => {
      const { targets } = await recordOf(cluster, id);
      if (targets.some(({ state }) => state === 'pending' || state === 'accepted')) throw new Error(JSON.stringify(targets));
      return targets;
    },
    answeredMs,
  );

/** Gives a command and waits until every node has done it. */
export const carriedOut = async (cluster: ProcessCluster, given: Given): Promise<readonly Target[]> => answered(cluster, await give(cluster, given));
