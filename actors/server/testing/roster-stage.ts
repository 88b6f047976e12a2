// What the tests of roster share.
import { afterEach } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import type { NodeAddress } from '../../../protocol/identity.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { address, bodies, frame } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { NodeRecord } from '../ports.ts';
import { roster, type NodeView, type RosterMessage } from '../roster.ts';
import type { NodeHeard, NodeRegistered, NodesStand } from '../standings.ts';
import { nodeRecord } from './records.ts';
import type { AnswerNode, FrameFrom } from '../transport.ts';

export const lookMs = 1_000;

export const everyMs = 10_000;

export const record = (node: string, more: Partial<NodeRecord> = {}): NodeRecord => nodeRecord({ node, instanceId: `i-${node}`, hostname: node, ...more });

export let world: World;

export const begin = async (...records: readonly NodeRecord[]) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const transport = probe<AnswerNode>(system, 'transport');
  const orchestrator = probe<NodesStand | NodeRegistered | NodeHeard>(system, 'orchestrator');
  const ports = {
    serverName: 's',
    records: () => records,
    rolesOf: ({ node }: NodeAddress) => [`role of ${node}`],
    identityOf: ({ node }: NodeAddress) => (node === 'revoked' ? ('revoked' as const) : undefined),
    transport: transport.ref,
    orchestrator: orchestrator.ref,
    lookMs,
    clock,
    random: seededRandom(1),
    logger: log.logger,
  };
  const incarnation = system.spawn('roster', roster(ports), supervise('end'));
  const ref: ActorRef<RosterMessage> = system.ref('roster');
  await settle();
  const tell = async (message: RosterMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  const list = async (): Promise<readonly NodeView[]> => {
    const asked = await system.ask(ref, (reply: Reply<readonly NodeView[]>) => ({ type: 'list', reply }) as const, { timeoutMs: 1_000 });
    if (!asked.ok) throw new Error(asked.error.message);
    return asked.value;
  };
  return {
    clock,
    incarnation,
    list,
    log,
    orchestrator,
    ports,
    system,
    tell,
    transport,
    registers: async (from: NodeAddress = address, more: Partial<FrameFrom<'register'>['body']> = {}, sentAt = 0) => {
      const sent: FrameFrom<'register'> = { ...frame('register', { ...bodies.register, ...more }), from, sentAt };
      await tell({ type: 'presence', frame: sent });
      return sent;
    },
    beats: async (from: NodeAddress = address, outbox = 0, more: Partial<FrameFrom<'heartbeat'>['body']> = {}, sentAt = 0) => {
      const sent: FrameFrom<'heartbeat'> = { ...frame('heartbeat', { ...bodies.heartbeat, everyMs, outbox, ...more }), from, sentAt };
      await tell({ type: 'presence', frame: sent });
      return sent;
    },
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    links: async () => Object.fromEntries((await list()).map(({ node, link }) => [node, link])),
  };
};

/** For each test of the file that calls it. */
export const useRosterStage = (): void => {
  afterEach(() => world.system.stop());
};
