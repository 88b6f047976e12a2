// Without imports that cost time: the command line loads it.
import type { Level, Priority } from './events.ts';

/** The priority of a message that names none (reference, section 5.5). Its keys are the levels there are. */
export const defaultPriority: Readonly<Record<Level, Priority>> = { info: 'medium', warn: 'medium', error: 'high' };
