// Closing what was opened: one after the other, and none is left open because another cannot be closed.
import type { Logger } from '../effects/logger.ts';

export interface Closing {
  readonly what: string;
  readonly close: () => void | Promise<void>;
}

/** Closes all in this order. Never rejects: what cannot be closed is told, and the operating system takes it back. */
export const closeAll = async (closings: readonly Closing[], logger: Logger): Promise<void> => {
  for (const { close, what } of closings) {
    try {
      await close();
    } catch (error) {
      logger.error(`${what} could not be closed`, { err: error });
    }
  }
};
