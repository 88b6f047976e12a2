import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { terminalHost } from './terminal-host.ts';

const begin = () => {
  const clock = new ManualClock();
  const heard: string[] = [];
  let signal: (name: string) => void = () => undefined;
  let goAway: () => void = () => undefined;
  const host = {
    argv: [],
    env: {},
    onSignal: (listener: (name: string) => void) => void (signal = listener),
    stdout: () => undefined,
    stderr: () => undefined,
    exit: () => undefined,
  };
  terminalHost(host, { onGone: (listener) => void (goAway = listener) }, clock).onSignal((name) => heard.push(name));
  return { clock, heard, signal: (name: string) => signal(name), goAway: () => goAway() };
};

describe('a person at a terminal', () => {
  test('who presses Ctrl-C once is heard once, however many processes pass it on', async () => {
    const { clock, heard, signal } = begin();
    for (let copy = 0; copy < 4; copy += 1) {
      signal('SIGINT');
      await clock.advance(100);
    }
    expect(heard).toEqual(['SIGINT']);
  });

  test('who presses it again a moment later is heard again', async () => {
    const { clock, heard, signal } = begin();
    signal('SIGINT');
    await clock.advance(500);
    signal('SIGINT');
    expect(heard).toEqual(['SIGINT', 'SIGINT']);
  });

  test('who closes the terminal asks once, however often that shows', async () => {
    const { clock, heard, goAway } = begin();
    goAway();
    await clock.advance(2_000);
    goAway();
    expect(heard).toEqual(['SIGHUP']);
  });

  test('who closes the terminal after Ctrl-C asks no second time, and neither the other way round at once', async () => {
    const { clock, heard, signal, goAway } = begin();
    signal('SIGINT');
    await clock.advance(2_000);
    goAway();
    expect(heard).toEqual(['SIGINT']);
    const other = begin();
    other.goAway();
    other.signal('SIGTERM');
    expect(other.heard).toEqual(['SIGHUP']);
  });
});
