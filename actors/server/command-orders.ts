// From what was posted to what the store is asked for, and from there to what a node is sent. Pure.
import type { CommandRequest } from '../../protocol/command-request.ts';
import type { Configuration } from '../../protocol/configuration.ts';
import type { FrameOf } from '../../protocol/frames.ts';
import { fail, ok, type Failure, type Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import type { Change, PendingTarget, Setting } from './order-ports.ts';

/** What becomes of a command that was posted. */
export type CommandAnswer =
  /** It is in the store, now or since it was posted before; `targets` are its nodes. */
  | { readonly outcome: 'ordered'; readonly id: string; readonly targets: readonly string[] }
  /** `unknown`: a node or a cluster; `conflict`: the id belongs to another command; `refused`: not now, or too large. */
  | { readonly outcome: 'unknown' | 'conflict' | 'refused'; readonly error: Failure };

/** Its nodes, by name; fails when one is not known. `known` are the nodes of its cluster. */
export const targetsOf = ({ cluster, command, nodes }: CommandRequest, known: ReadonlySet<string>, hasTemplate: boolean): Result<readonly string[]> => {
  if (nodes !== 'all') {
    const unknown = nodes.find((node) => !known.has(node));
    return unknown === undefined ? ok([...new Set(nodes)].sort()) : fail('request_invalid', `there is no node ${unknown} in cluster ${cluster}`);
  }
  // A setting reaches nodes that are yet to come; anything else would reach nobody.
  if (known.size > 0 || (command === 'set' && hasTemplate)) return ok([...known].sort());
  return fail('request_invalid', `there is no node in cluster ${cluster}`);
};

/** The settings that a command makes. */
export const settingsOf = (request: CommandRequest, targets: readonly string[]): readonly Setting[] => {
  if (request.command !== 'set') return [];
  const { key, nodes, value } = request;
  return nodes === 'all' ? [{ key, value }] : targets.map((node) => ({ node, key, value }));
};

const argumentsOf = (request: CommandRequest): Pick<Extract<Change, { type: 'command' }>['command'], 'rerunScripts' | 'key'> => {
  switch (request.command) {
    case 'check':
    case 'end':
      return {};
    case 'converge':
      return request.rerunScripts === undefined ? {} : { rerunScripts: request.rerunScripts };
    case 'set':
      return { key: request.key };
  }
};

/** `now` is the server's wall clock: a command's time is measured by it alone. */
export const changeOf = (
  request: CommandRequest,
  id: string,
  targets: readonly string[],
  now: number,
  trace: TraceContext | undefined,
): Extract<Change, { type: 'command' }> => ({
  type: 'command',
  command: {
    id,
    cluster: request.cluster,
    name: request.command,
    ...argumentsOf(request),
    expiresAt: now + request.expiresInSeconds * 1_000,
    ...(trace === undefined ? {} : { trace }),
  },
  ...(request.command === 'set' ? { value: request.value } : {}),
  nodes: targets,
  request: JSON.stringify({ ...request, id: undefined }),
  scope: request.nodes === 'all' ? 'cluster' : 'nodes',
});

/** What a node is sent; a setting goes with all that holds for it at this moment, so that an older one undoes nothing. */
export const commandBody = ({ id, key, name, rerunScripts }: PendingTarget['command'], configuration: () => Configuration): FrameOf<'command'>['body'] => {
  switch (name) {
    case 'check':
    case 'end':
      return { command: id, name };
    case 'converge':
      return { command: id, name, rerunScripts };
    case 'set':
      return { command: id, name, key, configuration: configuration() };
  }
};
