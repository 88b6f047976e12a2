// A peer's server: a program on ports and in a folder of its own, on the loopback interface, ended with its turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { systemClock, pause } from '../../effects/clock.ts';
import { freePorts } from '../../integration/broker/free-ports.ts';
import { inFolder } from '../folder.ts';

const startMs = 30_000;
const lookMs = 20;

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (up: boolean) => (): void => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', settle(true)).once('error', settle(false));
  });

/** Runs with the server that `argumentsFor` names, once it takes connections on its port. */
export const onServer = <T>(command: string, argumentsFor: (port: number, folder: string) => readonly string[], run: (port: number) => Promise<T>): Promise<T> =>
  inFolder(async (folder) => {
    const [port = 0] = await freePorts(1);
    const child = spawn(command, argumentsFor(port, folder), { cwd: folder, stdio: 'ignore' });
    const exited = once(child, 'exit');
    try {
      const end = systemClock.monotonic() + startMs;
      while (!(await answers(port))) {
        if (child.exitCode !== null || systemClock.monotonic() > end) throw new Error(`${command} did not start`);
        await pause(systemClock, lookMs);
      }
      return await run(port);
    } finally {
      child.kill('SIGTERM');
      await exited;
    }
  });
