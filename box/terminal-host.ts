// A process that a person runs in a terminal, by way of npm.
//
// One Ctrl-C may arrive several times: from the terminal, from npm, and from the launcher that npm runs. What comes within a
// moment of the first is the same one; what comes later means impatience. A terminal that closes says so by SIGHUP or by
// refusing what is written, and however often it does, it asks once.
import type { Clock } from '../effects/clock.ts';
import type { Host } from '../supervisors/program.ts';

/** Signals closer together than this are one, milliseconds. */
const sameMs = 500;

export interface Terminal {
  /** `listener` hears of every time the terminal shows itself gone. */
  onGone(listener: () => void): void;
}

export const processTerminal: Terminal = {
  onGone(listener) {
    process.on('SIGHUP', listener);
    process.stdout.on('error', listener);
    process.stderr.on('error', listener);
  },
};

export const terminalHost = (host: Host, terminal: Terminal, clock: Clock): Host => ({
  ...host,
  onSignal(listener) {
    let askedAt: number | undefined;
    const ask = (signal: string, insists: (sinceMs: number) => boolean): void => {
      const now = clock.monotonic();
      if (askedAt !== undefined && !insists(now - askedAt)) return;
      askedAt ??= now;
      listener(signal);
    };
    host.onSignal((signal) => ask(signal, (sinceMs) => sinceMs >= sameMs));
    terminal.onGone(() => ask('SIGHUP', () => false));
  },
});
