// How each fault of a plan is done, and undone when its time is over.
import type { ChaosCluster } from './cluster.ts';
import type { BrokerFault, ProgramFault, ProgramName, Stroke, WireFault } from './plan.ts';
import { assertNever } from '../../protocol/result.ts';
import { namesFor, nodeQueue } from '../../transport/topology.ts';
import { administer } from '../contract/amqp-world.ts';
import { clusterName } from '../cluster/process-cluster.ts';

/** Puts an end to a fault. */
type Undo = () => void | Promise<void>;

const nothing: Undo = () => undefined;

const strikeWire = (chaos: ChaosCluster, of: ProgramName, fault: WireFault): Undo => {
  const wire = chaos.wire(of);
  switch (fault.type) {
    case 'refuse':
      wire.refuse();
      return () => wire.admit();
    case 'reset':
    case 'truncate':
      wire.apply(fault);
      return () => wire.apply({ type: 'pass' });
    case 'silence':
    case 'drip':
      // Of a whole stretch of the way: what connects meanwhile fares no better.
      wire.apply(fault);
      wire.forNew(() => fault);
      return () => {
        wire.forNew(() => ({ type: 'pass' }));
        wire.apply({ type: 'pass' });
      };
    default:
      return assertNever(fault);
  }
};

const strikeProgram = async (chaos: ChaosCluster, of: ProgramName, fault: ProgramFault): Promise<Undo> => {
  const program = chaos.program(of);
  switch (fault) {
    case 'kill':
      await program.kill();
      return () => program.start();
    case 'stop':
      await program.stop();
      return () => program.start();
    case 'freeze':
      program.freeze();
      return () => program.thaw();
    default:
      return assertNever(fault);
  }
};

const strikeBroker = async ({ broker, cluster }: ChaosCluster, fault: BrokerFault): Promise<Undo> => {
  const { events } = namesFor(cluster.prefix);
  switch (fault.type) {
    case 'stop':
      await broker.stop();
      return () => broker.start();
    case 'kill':
      await broker.kill();
      return () => broker.start();
    case 'close connections':
      await broker.ctl('close_all_connections', 'chaos');
      return nothing;
    case 'memory alarm':
      await broker.ctl('set_vm_memory_high_watermark', 'absolute', '1MB');
      return async () => void (await broker.ctl('set_vm_memory_high_watermark', '0.4'));
    case 'purge reports':
      await administer(broker.url(), async (model) => void (await (await model.createChannel()).purgeQueue(events)));
      return nothing;
    case 'delete reports':
      await administer(broker.url(), async (model) => void (await (await model.createChannel()).deleteQueue(events)));
      return nothing;
    case 'delete commands': {
      const queue = nodeQueue(cluster.prefix, { cluster: clusterName, node: fault.node });
      await administer(broker.url(), async (model) => void (await (await model.createChannel()).deleteQueue(queue)));
      return nothing;
    }
    default:
      return assertNever(fault);
  }
};

/** Resolves when the fault holds, with what ends it. */
export const strike = (chaos: ChaosCluster, stroke: Stroke): Undo | Promise<Undo> => {
  switch (stroke.on) {
    case 'wire':
      return strikeWire(chaos, stroke.of, stroke.fault);
    case 'program':
      return strikeProgram(chaos, stroke.of, stroke.fault);
    case 'broker':
      return strikeBroker(chaos, stroke.fault);
    default:
      return assertNever(stroke);
  }
};
