// The moments on a message's way at which a program may be ended. Between any two of them something was done that the
// other side, or the next start, does not know of.

/** In jetpackd. The outbox's row: appended, published, confirmed, applied and deleted; of the user lane, released. */
export const nodeStages = [
  'append called',
  'append committed',
  'publish called',
  'publish sent',
  'confirm received',
  'applied received',
  'applied deleted',
  'release called',
  'release committed',
] as const;

/** In cycle-server. The frame: received, applied to the store, answered, acknowledged. */
export const serverStages = ['frame received', 'apply called', 'apply committed', 'applied called', 'applied sent', 'acknowledge called'] as const;

export type NodeStage = (typeof nodeStages)[number];
export type ServerStage = (typeof serverStages)[number];
export type Stage = NodeStage | ServerStage;
