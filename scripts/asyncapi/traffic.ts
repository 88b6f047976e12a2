// Who sends each frame, where and how: what the schemas do not say. A test holds it to the messages that the actors make.
import type { FrameKind } from '../../protocol/frames.ts';
import type { Route } from '../../protocol/routing.ts';

export type Side = 'node' | 'server';

export interface Traffic {
  readonly from: Side;
  /** Its channel is named for the route. */
  readonly route: Route['type'];
  readonly persistent: boolean;
  /** How long the broker keeps it in a queue; absent: until it is consumed. */
  readonly expires?: string;
  /** Frames that answer it: some of them, or none, by what the receiver finds. */
  readonly answeredBy: readonly FrameKind[];
  /** What the answer says of the frame that it answers. */
  readonly answeredWith?: string;
}

const toNode = { from: 'server', route: 'node', persistent: false, expires: 'after a minute, or the frame\'s `remainingMs` if that is less', answeredBy: [] } as const;

export const traffic: Readonly<Record<FrameKind, Traffic>> = {
  events: { from: 'node', route: 'events', persistent: true, answeredBy: ['applied', 'resend'], answeredWith: 'the same `stream` and `lane`' },
  register: {
    from: 'node',
    route: 'register',
    persistent: false,
    expires: 'when the node asks again',
    answeredBy: ['registered', 'refused', 'configuration'],
    answeredWith: 'its `id` as `correlationId`',
  },
  heartbeat: {
    from: 'node',
    route: 'heartbeat',
    persistent: false,
    expires: 'after its `everyMs`',
    answeredBy: ['refused', 'configuration'],
    answeredWith: 'its `id` as `correlationId`, when it is refused',
  },
  watch: { from: 'node', route: 'watch', persistent: false, expires: 'after its `leaseMs`', answeredBy: ['watched'], answeredWith: 'the same `watch`' },
  registered: toNode,
  refused: toNode,
  configuration: toNode,
  command: { ...toNode, answeredBy: ['events'], answeredWith: 'events of kind `command` with the same `command`' },
  watched: toNode,
  applied: toNode,
  resend: toNode,
};
