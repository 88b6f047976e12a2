import { describe, expect, test } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import { requestSchemas } from '../protocol/local.ts';
import type { Failure } from '../protocol/result.ts';
import { keepalive, keepaliveRequest, presentKeepalive, type KeepaliveInvocation } from './keepalive.ts';

const envelope = { id: '01938a5e-0000-7000-8000-000000000000', at: 5 };

/** What a command line comes to: an invocation, a refusal, or what commander says. */
const parse = (...argv: readonly string[]): KeepaliveInvocation | Failure | string => {
  let outcome: KeepaliveInvocation | Failure | undefined;
  const program = new Command('jetpack').exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  const take = (value: KeepaliveInvocation | Failure): void => {
    expect(outcome).toBeUndefined();
    outcome = value;
  };
  keepalive.add(program, ({ invocation }) => take(invocation as KeepaliveInvocation), take);
  try {
    program.parse(['keepalive', ...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
  return outcome ?? 'nothing';
};

const set = (durationMs: number | undefined, reason?: string): KeepaliveInvocation => ({ command: 'keepalive', action: 'set', durationMs, reason });

describe('jetpack keepalive', () => {
  test.each([
    [[], set(3_600_000)],
    [['6h'], set(21_600_000)],
    [['forever'], set(undefined)],
    [['2d', '--reason', 'a look at the GPU'], set(172_800_000, 'a look at the GPU')],
    [['--reason=-1h', '30m'], set(1_800_000, '-1h')],
    [['show'], { command: 'keepalive', action: 'show' }],
    [['cancel'], { command: 'keepalive', action: 'cancel' }],
  ])('%j is understood', (argv, invocation) => expect(parse(...argv)).toEqual(invocation));

  const wrong = 'is not a duration: write a whole number and s, m, h, d or w, as in 30m, 6h or 2d, or forever';

  test.each([
    [['-1h'], `'-1h' ${wrong}`],
    [['-1h', '--reason', 'x'], `'-1h' ${wrong}`],
    [['--reason', 'x', '-1h'], `'-1h' ${wrong}`],
    [['--', '-1h'], `'-1h' ${wrong}`],
    [['-.5h'], `'-.5h' ${wrong}`],
    [['-1'], `'-1' ${wrong}`],
    [['6x'], `'6x' ${wrong}`],
    [[''], `'' ${wrong}`],
    [['10^12 days'], `'10^12 days' ${wrong}`],
    [['10^12', 'days'], 'too many arguments: give one duration, or forever, show or cancel'],
    [['1h', '2h'], 'too many arguments: give one duration, or forever, show or cancel'],
    [['--resaon', 'x'], "unknown option '--resaon'"],
    [['1h', '-x'], "unknown option '-x'"],
    [['show', '--reason', 'x'], "option '--reason <text>' does not go with show"],
    [['1h', '--reason', ' '], "option '--reason <text>' is empty"],
    [['1h', '--reason', 'x'.repeat(1_001)], 'the reason has 1001 characters: at most 1000 are allowed'],
  ])('%.40j is refused with one line that says what is wrong', (argv, message) => {
    expect(parse(...argv)).toEqual({ code: 'usage', message });
  });

  test('an option without its value is refused', () => {
    expect(parse('1h', '--reason')).toContain("option '--reason <text>' argument missing");
  });

  test.each([set(undefined), set(1_000), set(21_600_000, 'why'), { command: 'keepalive', action: 'show' } as const, { command: 'keepalive', action: 'cancel' } as const])(
    '%j becomes a request that the daemon takes',
    (invocation) => {
      const request = keepaliveRequest(invocation, envelope);
      expect(requestSchemas.keepalive.parse(request)).toEqual(request);
      expect(request).toMatchObject({ verb: 'keepalive', id: envelope.id, action: invocation.action });
    },
  );
});

describe('what jetpack keepalive prints', () => {
  const expiresAt = new Date(2026, 10, 27, 14, 0, 0).getTime();

  test.each([
    [{ holds: true, expiresAt, remainingMs: 3_598_000, reason: 'a look' }, 'kept alive until 2026-11-27 14:00:00 (in 59 min 58 s): a look'],
    [{ holds: true, expiresAt, remainingMs: 3_600_000 }, 'kept alive until 2026-11-27 14:00:00 (in 1 h)'],
    [{ holds: true, reason: 'one\nline' }, 'kept alive forever: one line'],
    [{ holds: true }, 'kept alive forever'],
    [{ holds: false }, 'not kept alive'],
    [{ holds: false, cancelled: true }, 'no longer kept alive'],
    [{ holds: false, cancelled: false }, 'not kept alive: there was nothing to cancel'],
    [undefined, 'jetpackd gave an answer that cannot be read'],
  ])('%j: %s', (view, line) => expect(presentKeepalive(view)).toBe(line));
});
