// Frames as node and server send them, with ids of their own.
import type { FrameKind, FrameOf } from '../../protocol/frames.ts';

let minted = 0;

/** A UUID that no other call of this process gives. */
export const newId = (): string => {
  minted += 1;
  return `00000000-0000-4000-8000-${minted.toString(16).padStart(12, '0')}`;
};

export const stream = newId();
export const address = { cluster: 'lab', node: 'n1' };

/** What a test says of a frame: its body, and its sender if it is a node. */
export const frame = <K extends FrameKind>(kind: K, body: FrameOf<K>['body'], more: Partial<Pick<FrameOf<K>, 'from' | 'correlationId'>> = {}): FrameOf<K> =>
  // A frame is its head and the body of its kind; the compiler cannot put the two together for a kind it does not know.
  ({ v: 1, id: newId(), sentAt: 0, kind, body, ...more }) as FrameOf<K>;

export const bodies: { readonly [K in FrameKind]: FrameOf<K>['body'] } = {
  applied: { stream, lane: 'report', sequence: 1 },
  resend: { stream, lane: 'report', from: 1, to: 2 },
  registered: { server: 's', wire: 1 },
  refused: { code: 'version_unsupported', message: 'upgrade the older side' },
  events: { stream, lane: 'report', entries: [] },
  register: { instanceId: 'i', hostname: 'h', version: '1.0.0', wire: { min: 1, max: 1 } },
  heartbeat: { everyMs: 10_000, phase: 'ready', uptimeMs: 1, outbox: 0 },
  watch: { watch: newId(), role: 'scheduler', phase: 'ready', leaseMs: 30_000 },
  configuration: { revision: 1, tree: {} },
  command: { command: newId(), name: 'check' },
  watched: { watch: newId(), met: false, nodes: [] },
};
