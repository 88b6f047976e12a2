// Compares what clients were told with what arrived.

export interface Attempt {
  /** Whoever sent it: one message at a time, the next when the last was answered. */
  readonly client: string;
  /** Its text, which no other message has. */
  readonly message: string;
  /** What the client was told: the daemon has it, the spool has it, or nobody has. */
  readonly told: 'accepted' | 'spooled' | 'refused';
}

export interface Verdict {
  /** Messages whose client was told that they are safe. */
  readonly accepted: number;
  /** Different messages that arrived. */
  readonly stored: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Arrived before a message that its client knew accepted when it sent this one. */
  readonly misplaced: readonly string[];
  /** Arrived, and nobody sent them. */
  readonly unknown: readonly string[];
}

/** `attempts` in the order in which each client made its own; `stored` in the order of arrival. */
export const judge = (attempts: readonly Attempt[], stored: readonly string[]): Verdict => {
  const positions = new Map<string, number>();
  const doubled = new Set<string>();
  for (const [position, message] of stored.entries()) {
    if (positions.has(message)) doubled.add(message);
    else positions.set(message, position);
  }
  const sent = new Set(attempts.map(({ message }) => message));
  const safe = attempts.filter(({ told }) => told !== 'refused');
  const misplaced: string[] = [];
  /** By client: the last position of what it knew accepted. What is spooled may be overtaken, so it moves nothing on. */
  const known = new Map<string, number>();
  for (const { client, message, told } of attempts) {
    const position = positions.get(message);
    if (position === undefined) continue;
    const before = known.get(client) ?? -1;
    if (position < before) misplaced.push(message);
    if (told === 'accepted') known.set(client, Math.max(before, position));
  }
  return {
    accepted: safe.length,
    stored: positions.size,
    lost: safe.map(({ message }) => message).filter((message) => !positions.has(message)),
    doubled: [...doubled],
    misplaced,
    unknown: [...positions.keys()].filter((message) => !sent.has(message)),
  };
};
