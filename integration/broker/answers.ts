// Whether a broker serves, seen from outside. That its port takes connections proves nothing: for a container, Docker takes
// them before anybody is there.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a client of AMQP 0-9-1 says first. */
const greeting = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

const patienceMs = 2_000;

/** Whether a broker that is greeted begins to talk. */
const speaksAmqp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (speaks: boolean) => (): void => {
      socket.destroy();
      resolve(speaks);
    };
    socket.setTimeout(patienceMs, settle(false));
    socket.once('connect', () => socket.write(greeting));
    socket.once('data', settle(true)).once('error', settle(false)).once('close', settle(false));
  });

/** Whether anything takes connections. */
export const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (open: boolean) => (): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', settle(true)).once('error', settle(false));
  });

export interface Wait {
  /** Rejects when there is nothing left to wait for. */
  readonly still: () => Promise<void> | void;
  readonly withinMs: number;
}

/** Resolves when the broker talks AMQP, and its other ports (TLS, management) take connections. */
export const untilServing = async (port: number, others: readonly number[], { still, withinMs }: Wait): Promise<void> => {
  const end = performance.now() + withinMs;
  const serves = async (): Promise<boolean> => {
    if (!(await speaksAmqp(port))) return false;
    return (await Promise.all(others.map(isOpen))).every(Boolean);
  };
  while (!(await serves())) {
    await still();
    if (performance.now() > end) throw new Error(`it did not serve within ${withinMs} ms`);
    await sleep(20);
  }
};
