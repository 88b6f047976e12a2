// One exchange of the Node form with the daemon's sockets for fronts:
//
//   connecting  by one path after the other, until somebody is there
//   waiting     the run is told; what the daemon says to print is held, and more time granted when it asks for it
//   done        it said how the run ends: everything to print is there
//   left        to the commands in this process: it said so, wants input or a file, is silent, gone, or says what nobody knows
//
// Nothing is printed and nothing read here, so that whatever is left can be done anew, under the same message id.
import { connect as connectSocket, type Socket } from 'node:net';
import type { Clock } from '../../effects/clock.ts';
import { frameHead } from '../../protocol/front.ts';

export interface Printed {
  readonly to: 1 | 2;
  readonly bytes: Uint8Array;
}

export type Answer =
  | { readonly type: 'done'; readonly exit: number; readonly printed: readonly Printed[] }
  /** After how long. */
  | { readonly type: 'left'; readonly waitedMs: number };

export interface FrontQuestion {
  /** Paths, in the order in which they are tried. */
  readonly sockets: readonly string[];
  /** All that is told. */
  readonly run: Uint8Array;
  readonly clock: Clock;
  /** Default: the machine's. */
  readonly connect?: (path: string) => Socket;
}

/** Without a word of how much longer it takes. */
const patienceMs = 1_000;

/** Of any program. */
const largestExit = 255;

/** Bytes of a frame's content. */
export const largestFrame = 32 * 1024 * 1024;

/** What a daemon says as a number; undefined when it is none. */
const numberOf = (content: Buffer): number | undefined => (/^\d{1,15}$/.test(content.toString('latin1')) ? Number(content) : undefined);

/** Never rejects. */
export const askFront = ({ clock, connect = connectSocket, run, sockets }: FrontQuestion): Promise<Answer> =>
  new Promise((resolve) => {
    const begun = clock.monotonic();
    const printed: Printed[] = [];
    let socket: Socket | undefined;
    /** Of the frame that has not ended yet, and how many bytes it takes to go on with it. */
    let chunks: Buffer[] = [];
    let bytes = 0;
    let needed = frameHead;
    let isSettled = false;

    const settle = (answer: Answer): void => {
      isSettled = true;
      cancel();
      socket?.destroy();
      resolve(answer);
    };
    const leave = (): void => {
      if (!isSettled) settle({ type: 'left', waitedMs: Math.floor(clock.monotonic() - begun) });
    };
    let cancel = clock.after(patienceMs, leave);

    const take = (type: string, content: Buffer): void => {
      const number = numberOf(content);
      if (type === 'O') printed.push({ to: 1, bytes: content });
      else if (type === 'R') printed.push({ to: 2, bytes: content });
      else if (type === 'K' && number !== undefined) {
        cancel();
        cancel = clock.after(number, leave);
      } else if (type === 'Q' && number !== undefined && number <= largestExit) settle({ type: 'done', exit: number, printed });
      else leave();
    };

    const read = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < needed || isSettled) return;
      let rest = Buffer.concat(chunks);
      needed = frameHead;
      while (rest.length >= needed) {
        const length = rest.readUInt32BE(1);
        if (length > largestFrame) return leave();
        needed = frameHead + length;
        if (rest.length < needed) break;
        take(rest.toString('latin1', 0, 1), rest.subarray(frameHead, needed));
        if (isSettled) return;
        rest = rest.subarray(needed);
        needed = frameHead;
      }
      chunks = [rest];
      bytes = rest.length;
    };

    const open = ([path, ...others]: readonly string[]): void => {
      if (isSettled) return;
      if (path === undefined) return leave();
      const opened = connect(path);
      socket = opened;
      let isThere = false;
      opened.on('connect', () => (isThere = true));
      opened.on('data', read);
      opened.on('error', () => (isThere ? leave() : open(others)));
      opened.on('close', () => {
        if (socket === opened) leave();
      });
      opened.write(run);
    };
    open(sockets);
  });
