// One request to the daemon over its socket: handshake and request in one write, then the line that answers.
import { connect } from 'node:net';
import { pause, type Clock } from '../effects/clock.ts';
import { parseJson } from '../protocol/json.ts';
import { limits } from '../protocol/limits.ts';
import type { LocalReply, localVersion, SpooledRequest } from '../protocol/local.ts';

export type CallOutcome =
  | { readonly type: 'answered'; readonly reply: LocalReply }
  /** Nobody answered in time; `reason` completes "jetpackd …". Whether the daemon has the message is not known. */
  | { readonly type: 'away'; readonly reason: string };

/** The version spoken here. Only its type comes from protocol/, whose schemas would double the time to start. */
const version: typeof localVersion = 1;

/** The daemon's queue of clients was full: it empties in no time. */
const retryMs = 20;

const lineFeed = 0x0a;

const isText = (value: unknown): value is string => typeof value === 'string';

/** The daemon's line as a reply to this request; undefined for anything else. By hand for the reason given above. */
const readReply = (line: Uint8Array, id: string): LocalReply | undefined => {
  const json = parseJson(line);
  if (!json.ok || typeof json.value !== 'object' || json.value === null) return undefined;
  const reply: { ok?: unknown; id?: unknown; code?: unknown; message?: unknown; result?: unknown } = json.value;
  if (reply.ok === true) return reply.id === id ? { ok: true, id, result: reply.result } : undefined;
  const concerns = reply.id === undefined || reply.id === id;
  return reply.ok === false && concerns && isText(reply.code) && isText(reply.message) ? { ok: false, code: reply.code, message: reply.message } : undefined;
};

type Attempt = CallOutcome | { readonly type: 'crowded' };

const attempt = (path: string, lines: string, id: string, clock: Clock, withinMs: number): Promise<Attempt> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (outcome: Attempt): void => {
      cancel();
      socket.destroy();
      resolve(outcome);
    };
    const away = (reason: string): void => finish({ type: 'away', reason });
    const cancel = clock.after(withinMs, () => away('does not answer'));
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EAGAIN') finish({ type: 'crowded' });
      else away(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'is not running' : `cannot be reached (${code ?? message})`);
    });
    socket.on('close', () => away('closed the connection'));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (!chunk.includes(lineFeed) && bytes <= limits.line) return;
      const received = Buffer.concat(chunks);
      const reply = readReply(received.subarray(0, received.indexOf(lineFeed)), id);
      if (reply === undefined) away('gave an answer that cannot be read');
      else finish({ type: 'answered', reply });
    });
    socket.write(lines);
  });

/** Asks and waits at most `withinMs` milliseconds in all. Never rejects. */
export const callDaemon = async (path: string, request: SpooledRequest, clock: Clock, withinMs: number): Promise<CallOutcome> => {
  const end = clock.monotonic() + withinMs;
  for (;;) {
    const remainingMs = Math.max(0, Math.ceil(end - clock.monotonic()));
    const lines = `${JSON.stringify({ jetpack: { min: version, max: version } })}\n${JSON.stringify({ ...request, remainingMs })}\n`;
    const outcome = await attempt(path, lines, request.id, clock, remainingMs);
    if (outcome.type !== 'crowded') return outcome;
    if (end - clock.monotonic() <= retryMs) return { type: 'away', reason: 'is asked by too many at once' };
    await pause(clock, retryMs);
  }
};
