// Requests over a local socket, each on a connection of its own as a command makes it.
import { connect } from 'node:net';
import { tell } from '../../cli/front/tell.ts';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom, uuid7 } from '../../effects/random.ts';

/** Resolves when `isWhole` says of what came back that it is all. */
const exchange = (path: string, sent: Uint8Array, isWhole: (received: Buffer) => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const socket = connect(path);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${path} closed the connection after ${received.length} bytes`)));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!isWhole(received)) return;
      socket.removeAllListeners('close').destroy();
      resolve();
    });
    socket.write(sent);
  });

const newId = (): string => uuid7(systemClock.now(), systemRandom);

const keepaliveLines = (): Uint8Array => Buffer.from(`{"jetpack":{"min":1,"max":1}}\n${JSON.stringify({ verb: 'keepalive', id: newId(), action: 'show', remainingMs: 5_000 })}\n`);

const keepaliveFrames = (home: string): Uint8Array => tell({ argv: ['keepalive', 'show'], env: { JETPACK_HOME: home }, cwd: '/', terminal: { output: false, columns: 80 }, id: newId() });

const lineFeed = 0x0a;

export const echoed = (path: string): Promise<void> => {
  const sent = keepaliveLines();
  return exchange(path, sent, (received) => received.length >= sent.length);
};

export const linesAnswered = (path: string): Promise<void> =>
  exchange(path, keepaliveLines(), (received) => {
    if (received.at(-1) !== lineFeed) return false;
    if (!received.includes('"ok":true')) throw new Error(`jetpackd answered ${received.toString()}`);
    return true;
  });

export const framesAnswered = (path: string, home: string): Promise<void> =>
  exchange(path, keepaliveFrames(home), (received) => {
    // Its last frame is the exit code, one digit.
    const last = received.subarray(-6);
    if (last[0] === 0x50) throw new Error('jetpackd left it to the Node form');
    return last[0] === 0x51;
  });
