// jetpackd with a fuse (fuse.ts) in its ports.
import { runWrappedDaemon } from '../cluster/daemon.ts';
import { fuseFrom } from './fuse.ts';
import { fusedNodeTransport, fusedOutbox } from './fused.ts';

const reached = fuseFrom(process.env);

await runWrappedDaemon({ overOutbox: fusedOutbox(reached), overTransport: (transport) => fusedNodeTransport(transport, reached) });
