// The system calls of a script and of all that it starts, by strace, in a file of their own with the bound that output has.
//
// strace attaches from aside (`-D`): the script is our child as ever, its exit code and its signals are its own, and what it leaves in
// the background holds nothing up. It writes into a named pipe, which we read as fast as it comes: more than the bound is thrown
// away and never stands in the script's way. Its end is waited for no longer than that of output.
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Clock } from '../../effects/clock.ts';
import { systemCode } from '../home/system-error.ts';
import { readOn } from './channel.ts';
import { findOnPath, type Command } from './command.ts';
import { makePipe } from './named-pipe.ts';
import { openOutputFile } from './output-file.ts';

type Runnable = Extract<Command, { ok: true }>;

export interface Strace {
  readonly command: Runnable;
  /** Once the script has ended, or did not begin. Resolves with what a person should know, each completing "it …". */
  end(): Promise<readonly string[]>;
}

/** Arguments of system calls are data of the script, and some of that is secret. */
const mode = 0o600;

/** For a first look, milliseconds. */
const tryMs = 10_000;

export const findStrace = (searched: string): Promise<string | undefined> => findOnPath('strace', searched);

/** Why strace traces nothing here, as in a container that may not: then it would end in the place of each script. Undefined when it does. */
export const tryStrace = async (strace: string): Promise<string | undefined> => {
  try {
    await promisify(execFile)(strace, ['-D', '-f', '-o', '/dev/null', '--', process.execPath, '--version'], { timeout: tryMs });
    return undefined;
  } catch (error) {
    const told = /\S[^\n]*/.exec(String(Object(error).stderr ?? ''))?.[0];
    return told ?? `it ended with ${String(Object(error).code ?? error)}`;
  }
};

/** The command under strace. The reason completes "it …". */
export const beginStrace = async (command: Runnable, file: string, searched: string, clock: Clock): Promise<Strace | string> => {
  const strace = await findStrace(searched);
  if (strace === undefined) return 'needs strace, which is not on the PATH';
  const pipe = await makePipe().catch((error: unknown) => systemCode(error));
  if (typeof pipe === 'string') return `cannot be traced: no pipe can be made (${pipe})`;
  const readEnd = openSync(pipe.file, constants.O_RDONLY | constants.O_NONBLOCK);
  // Until strace has opened its own, or the pipe would be at its end before it began.
  const writeEnd = openSync(pipe.file, constants.O_WRONLY);
  const output = await openOutputFile(file, clock, mode);
  const source = new Socket({ fd: readEnd, readable: true, writable: false });
  let bytes = 0;
  source.on('error', () => undefined).on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    output.take(chunk);
  });
  const ended = new Promise<void>((resolve) => void source.once('close', resolve));
  return {
    command: { ...command, program: strace, arguments: ['-D', '-f', '-tt', '-o', pipe.file, '--', command.program, ...command.arguments] },
    async end() {
      closeSync(writeEnd);
      await readOn(clock, ended, () => bytes);
      source.destroy();
      await pipe.remove();
      return output.close();
    },
  };
};
