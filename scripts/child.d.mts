import type { SpawnOptions } from 'node:child_process';

export const runChild: (command: string, args: readonly string[], options?: SpawnOptions) => Promise<number>;
