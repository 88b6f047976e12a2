import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { boxHelp, parsePlan, root } from './plan.ts';

describe('the options of the cluster in a box', () => {
  test('without any it runs on the embedded broker, until a signal, in a folder that git ignores', () => {
    const state = path.join(root, '.state', 'box');
    expect(parsePlan([], {})).toEqual({ ok: true, value: { state, fresh: false, break: false, untilReady: false, forMs: undefined, brokerUrl: undefined } });
  });

  test('each says what it says', () => {
    const url = 'amqp://guest:guest@127.0.0.1:5672';
    expect(parsePlan(['--for', '20s', '--until-ready', '--fresh', '--break', '--state', '/tmp/x', '--amqp', url], {})).toEqual({
      ok: true,
      value: { state: '/tmp/x', fresh: true, break: true, untilReady: true, forMs: 20_000, brokerUrl: url },
    });
  });

  test('the address of the broker may stand in the environment, out of sight of other users', () => {
    const parsed = parsePlan([], { JETPACK_BOX_AMQP_URL: 'amqp://127.0.0.1' });
    expect(parsed).toMatchObject({ ok: true, value: { brokerUrl: 'amqp://127.0.0.1' } });
  });

  test('--help is answered before anything else is looked at', () => {
    expect(parsePlan(['--help', '--for', '6x'], {})).toEqual({ ok: true, value: 'help' });
    for (const option of ['--for TIME', '--fresh', '--break', '--amqp URL', '--state DIR']) expect(boxHelp).toContain(option);
  });

  test.each([
    [['--for', '6x'], "npm start --: --for '6x' is not a duration: write 500ms, 20s, 5m, 1h, 2d or 1w"],
    [['--for', '0s'], "npm start --: --for '0s' is not between 1ms and 596h"],
    [['--for', '597h'], "npm start --: --for '597h' is not between 1ms and 596h"],
    [['--froh'], "npm start --: unknown option '--froh'; see npm start -- --help"],
    [['--break=yes'], "npm start --: option '--break' takes no value; see npm start -- --help"],
    [['--state'], "npm start --: option '--state' needs a value: DIR; see npm start -- --help"],
    [['20s'], "npm start --: unexpected argument '20s'; see npm start -- --help"],
  ])('%j is refused with one line that names it', (argv, message) => {
    expect(parsePlan(argv, {})).toEqual({ ok: false, error: { code: 'usage', message } });
  });

  test('an address that is none is refused without being repeated, for it may hold a password', () => {
    const parsed = parsePlan(['--amqp', 'http://user:secret@host'], {});
    expect(parsed).toMatchObject({ ok: false, error: { code: 'usage' } });
    expect(JSON.stringify(parsed)).not.toContain('secret');
  });
});
