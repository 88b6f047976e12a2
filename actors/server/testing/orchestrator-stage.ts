// What the tests of orchestrator share.
import { afterEach, expect } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import type { ClusterTemplate } from '../../../protocol/cluster-template.ts';
import { decodeFrame, encodeFrame } from '../../../protocol/codec.ts';
import type { CommandRequest } from '../../../protocol/command-request.ts';
import type { FrameKind, FrameOf } from '../../../protocol/frames.ts';
import type { NodeAddress } from '../../../protocol/identity.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { CommandAnswer } from '../command-orders.ts';
import { Configurations } from '../configurations.ts';
import { orchestrator, type OrchestratorMessage } from '../orchestrator.ts';
import type { AskNodes, NodeStanding } from '../standings.ts';
import { MemoryOrders } from './memory-orders.ts';
import type { AnswerNode } from '../transport.ts';

let world: World;

export const at = (node: string, cluster = 'box'): NodeAddress => ({ cluster, node });

const template: ClusterTemplate = {
  configuration: { demo: { limit: 1 } },
  nodes: { scheduler: { roles: ['scheduler'] }, 'execute-*': { roles: ['execute'] } },
};

interface Beginning {
  readonly names?: readonly string[];
  readonly link?: NodeStanding['link'];
  readonly prepare?: (store: MemoryOrders) => void;
}

export const begin = async ({ names = ['scheduler', 'execute-1', 'execute-2'], link = 'online', prepare = () => undefined }: Beginning = {}) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const store = new MemoryOrders(() => clock.now());
  prepare(store);
  const transport = probe<AnswerNode>(system, 'transport');
  const roster = probe<AskNodes>(system, 'roster');
  const templates = new Map([['box', template]]);
  const ports = {
    store,
    templates: new Map([['box', JSON.stringify(template)]]),
    configurations: new Configurations(templates, store),
    transport: transport.ref,
    roster: roster.ref,
    clock,
    random: seededRandom(1),
    logger: log.logger,
  };
  const watching = supervise('end');
  const spawn = () => system.spawn('orchestrator', orchestrator(ports), watching);
  const incarnation = spawn();
  const ref: ActorRef<OrchestratorMessage> = system.ref('orchestrator');
  const tell = async (message: OrchestratorMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  const standing = (node: string, phase = 'converging', how = link): NodeStanding => ({ ...at(node), phase, link: how, instanceId: `i-${node}` });
  const stand = (node: string, phase?: string, how?: NodeStanding['link']) => tell({ type: 'nodes', nodes: [standing(node, phase, how)], all: false });
  const standAll = () => tell({ type: 'nodes', nodes: names.map((node) => standing(node)), all: true });
  await settle();
  await standAll();
  const give = async (request: Partial<CommandRequest> & Pick<CommandRequest, 'command'>, trace?: TraceContext): Promise<CommandAnswer> => {
    // The test says what its command needs; the rest is usual.
    const whole = { cluster: 'box', nodes: 'all', expiresInSeconds: 3_600, ...request } as CommandRequest;
    const asked = await system.ask(ref, (reply: Reply<CommandAnswer>) => ({ type: 'command', request: whole, reply }) as const, { timeoutMs: 1_000, trace });
    await settle();
    if (!asked.ok) throw new Error(asked.error.message);
    return asked.value;
  };
  /** Frames of a kind that were sent since the last time, each with the node it went to. */
  const sent = <K extends FrameKind>(kind: K): ReadonlyArray<readonly [string, FrameOf<K>]> => {
    const all = transport.received.filter((answer): answer is AnswerNode & { frame: FrameOf<K> } => answer.frame.kind === kind);
    for (const { frame } of all) expect(decodeFrame(encodeFrame(frame))).toMatchObject({ ok: true });
    transport.received.splice(0, transport.received.length, ...transport.received.filter(({ frame }) => frame.kind !== kind));
    return all.map(({ frame, to }) => [to.node, frame] as const);
  };
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await settle();
  };
  const registers = (node: string, configuration?: number) => tell({ type: 'registered', node: at(node), configuration });
  const beats = (node: string, configuration?: number) => tell({ type: 'heard', node: at(node), configuration });
  return { beats, clock, give, incarnation, log, pass, registers, roster, sent, spawn, stand, standAll, store, tell, transport, watching };
};

export type Begun = Awaited<ReturnType<typeof begin>>;

export const commanded = ({ sent }: Begun): readonly unknown[] => sent('command').map(([node, { body }]) => [node, body.name]);

/** For each test of the file that calls it. */
export const useOrchestratorStage = (): void => {
  afterEach(() => world.system.stop());
};
