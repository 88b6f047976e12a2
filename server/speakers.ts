// Who a program is that shows the user and the password for HTTP of its node. Known are those of the nodes that this server gave an
// identity, by what its store keeps of their passwords: it asks no broker.
import type { Store } from '../actors/server/ports.ts';
import { isPassword } from '../protocol/enrolment-seal.ts';
import type { Speaker } from '../protocol/clusterlink-read.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface SpeakerSources {
  readonly store: Pick<Store, 'credential' | 'nodes'>;
  /** Whether this server makes identities. */
  readonly makesIdentities: boolean;
  readonly metrics: Pick<Metrics, 'identityRefused'>;
}

export const speakers =
  ({ makesIdentities, metrics, store }: SpeakerSources) =>
  (user: string, password: string): Result<Speaker> => {
    if (!makesIdentities) return fail('enrolment_off', 'this server knows no credentials of nodes: start it with --management, and enroll them');
    const known = store.credential(user);
    if (known === undefined || !isPassword(known.verifier, password)) {
      metrics.identityRefused();
      return fail('identity_refused', 'that is not the user and the password of a node with an identity');
    }
    const { cluster, node } = known;
    const instances = store.nodes({ cluster, node }).map(({ instanceId }) => instanceId);
    return ok({ cluster, node, instances: instances.filter((instance) => instance !== '') });
  };
