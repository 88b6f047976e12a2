import { describe, expect, test } from '@jest/globals';
import { helpText, parseFlags } from './flags.ts';

const table = {
  home: { value: 'DIR', env: 'TEST_HOME', help: 'where state lives' },
  fresh: { help: 'begin anew' },
} as const;

const parse = (argv: readonly string[], env = {}) => parseFlags('prog', table, argv, env);

describe('options of the long-running programs', () => {
  test('both spellings of a value are the same', () => {
    expect(parse(['--home', '/a'])).toEqual({ ok: true, value: { home: '/a' } });
    expect(parse(['--home=/a', '--fresh'])).toEqual({ ok: true, value: { home: '/a', fresh: true } });
  });

  test('an option wins over its environment variable, and an empty variable is none', () => {
    expect(parse([], { TEST_HOME: '/env' })).toEqual({ ok: true, value: { home: '/env' } });
    expect(parse(['--home', '/a'], { TEST_HOME: '/env' })).toEqual({ ok: true, value: { home: '/a' } });
    expect(parse([], { TEST_HOME: '' })).toEqual({ ok: true, value: {} });
  });

  test.each([
    [['--hoem', '/a'], "prog: unknown option '--hoem'; see prog --help"],
    [['--home'], "prog: option '--home' needs a value: DIR; see prog --help"],
    [['--home='], "prog: option '--home' needs a value: DIR; see prog --help"],
    [['--fresh=yes'], "prog: option '--fresh' takes no value; see prog --help"],
    [['extra'], "prog: unexpected argument 'extra'; see prog --help"],
    [['--__proto__', 'x'], "prog: unknown option '--__proto__'; see prog --help"],
    [['-x'], "prog: unknown option '-x'; see prog --help"],
    [['amqp://user:s3cret@host'], "prog: unexpected argument 'amqp://***@host'; see prog --help"],
    [['amqp://user:s/3cret@host'], "prog: unexpected argument 'amqp://***@host'; see prog --help"],
    [['--amqp://user:s3cret@host'], "prog: unknown option '--amqp://***@host'; see prog --help"],
  ])('%j is refused with one line that names it', (argv, message) => {
    expect(parse(argv)).toEqual({ ok: false, error: { code: 'usage', message } });
  });

  test('the help names every option and its variable', () => {
    const text = helpText('prog', 'About.', table);
    expect(text).toContain('--home DIR');
    expect(text).toContain('(or TEST_HOME)');
    expect(text).toContain('--fresh');
  });
});
