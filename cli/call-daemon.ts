// One request to the daemon over its socket: handshake and request in one write, then lines of progress, if any, and the
// line that answers.
import { accessSync } from 'node:fs';
import { connect } from 'node:net';
import { pause, type Clock } from '../effects/clock.ts';
import { systemCode } from '../node/home/system-error.ts';
import { parseJson } from '../protocol/json.ts';
import { limits } from '../protocol/limits.ts';
import type { LocalReply, LocalRequest, localVersion } from '../protocol/local.ts';

export type CallOutcome =
  | { readonly type: 'answered'; readonly reply: LocalReply }
  /**
   * Nobody answered in time; `reason` completes "jetpackd …". Whether the daemon has the message is not known, unless its
   * socket is `closed` to this user.
   */
  | { readonly type: 'away'; readonly reason: string; readonly closed?: true };

/** The version spoken here. Only its type comes from protocol/, whose schemas would double the time to start. */
const version: typeof localVersion = 1;

/** The daemon's queue of clients was full: it empties in no time. */
const retryMs = 20;

const lineFeed = 0x0a;

/** The reason where nothing listens. */
export const notRunning = 'is not running';

const isText = (value: unknown): value is string => typeof value === 'string';

/** A line of the daemon's about this request; undefined for anything else. By hand for the reason given above. */
const readLine = (line: Uint8Array, id: string): LocalReply | { readonly progress: string } | undefined => {
  const json = parseJson(line);
  if (!json.ok || typeof json.value !== 'object' || json.value === null) return undefined;
  const reply: { ok?: unknown; id?: unknown; code?: unknown; message?: unknown; result?: unknown; progress?: unknown } = json.value;
  if (isText(reply.progress)) return reply.id === id ? { progress: reply.progress } : undefined;
  if (reply.ok === true) return reply.id === id ? { ok: true, id, result: reply.result } : undefined;
  const concerns = reply.id === undefined || reply.id === id;
  return reply.ok === false && concerns && isText(reply.code) && isText(reply.message) ? { ok: false, code: reply.code, message: reply.message } : undefined;
};

/** Nobody is by a path that is not there: to see it takes far less than to load what can connect. */
const isMissing = (path: string): boolean => {
  try {
    accessSync(path);
    return false;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
};

type Attempt = CallOutcome | { readonly type: 'crowded' };

export interface Call {
  readonly request: LocalRequest;
  /** Milliseconds for everything. */
  readonly withinMs: number;
  /** So much sooner the daemon's own time is up, default 0: its answer, which says more than a silence, is then still heard. */
  readonly graceMs?: number;
  /** Takes the lines that come before the answer. */
  readonly onProgress?: (line: string) => void;
}

const attempt = (path: string, { onProgress, request }: Call, lines: string, clock: Clock, withinMs: number): Promise<Attempt> =>
  new Promise((resolve) => {
    const socket = connect(path);
    /** Of the line that has not ended yet. */
    let chunks: Buffer[] = [];
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
      else if (code === 'EACCES') finish({ type: 'away', reason: 'may not be asked by this user', closed: true });
      else away(code === 'ENOENT' || code === 'ECONNREFUSED' ? notRunning : `cannot be reached (${code ?? message})`);
    });
    socket.on('close', () => away('closed the connection'));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > limits.line && !chunk.includes(lineFeed)) return away('gave an answer that cannot be read');
      if (!chunk.includes(lineFeed)) return;
      let rest = Buffer.concat(chunks);
      for (let end = rest.indexOf(lineFeed); end !== -1; end = rest.indexOf(lineFeed)) {
        const said = readLine(rest.subarray(0, end), request.id);
        rest = rest.subarray(end + 1);
        if (said === undefined) return away('gave an answer that cannot be read');
        if (!('progress' in said)) return finish({ type: 'answered', reply: said });
        onProgress?.(said.progress);
      }
      chunks = [rest];
      bytes = rest.length;
    });
    socket.write(lines);
  });

/** Asks and waits at most `withinMs` milliseconds in all. Never rejects. */
export const callDaemon = async (path: string, call: Call, clock: Clock): Promise<CallOutcome> => {
  const end = clock.monotonic() + call.withinMs;
  for (;;) {
    if (isMissing(path)) return { type: 'away', reason: notRunning };
    const remainingMs = Math.max(0, Math.ceil(end - clock.monotonic()));
    const lines = `${JSON.stringify({ jetpack: { min: version, max: version } })}\n${JSON.stringify({ ...call.request, remainingMs: Math.max(0, remainingMs - (call.graceMs ?? 0)) })}\n`;
    const outcome = await attempt(path, call, lines, clock, remainingMs);
    if (outcome.type !== 'crowded') return outcome;
    if (end - clock.monotonic() <= retryMs) return { type: 'away', reason: 'is asked by too many at once' };
    await pause(clock, retryMs);
  }
};
