import { describe, expect, test } from '@jest/globals';
import { log, readAs, see } from './testing/see-line.ts';

describe('one line after another in the same process', () => {
  const lines: ReadonlyArray<readonly string[]> = [
    ['send', 'first', '-r', 'a.b', '-H', 'x=1', '-H', 'y=2', '--no-persistent'],
    ['send', 'second', '-r', 'a.b'],
    ['log', 'first', '--level', 'error', '--home', '/elsewhere'],
    ['log', 'second'],
    ['keepalive', '2d', '--reason', 'a look', '--json'],
    ['keepalive', '--nope'],
    ['keepalive'],
    ['keepalive', '--help'],
    ['keepalive', 'show'],
    ['nope'],
  ];

  test('each is read as if it were the only one, in whatever order they come, also a long one', async () => {
    // Each by a version of its own, so that nothing is kept from before.
    const alone = await Promise.all(lines.map((line, index) => readAs(line, `alone-${index}`)));
    const forth: unknown[] = [];
    for (const line of lines) forth.push(await see(...line));
    expect(await see('log', 'x'.repeat(10_000))).toEqual(log('x'.repeat(10_000), 'info', 'medium'));
    const back: unknown[] = [];
    for (const line of lines.toReversed()) back.unshift(await see(...line));
    expect(forth).toEqual(alone);
    expect(back).toEqual(alone);
  });

  test('is known again by its words, not by what they join to, and by none that came long before', async () => {
    const words: ReadonlyArray<readonly string[]> = [['config', 'a\0--raw'], ['config', 'a', '--raw'], ['config', 'a","b'], ['config', 'a', 'b']];
    const alone = await Promise.all(words.map((line, index) => readAs(line, `apart-${index}`)));
    const many = Array.from({ length: 100 }, (_, index) => `key.${index}`);
    for (const key of many) expect(await see('config', key)).toMatchObject({ command: 'config', key });
    for (const [index, line] of words.entries()) expect(await see(...line)).toEqual(alone[index]);
    for (const key of many.toReversed()) expect(await see('config', key)).toMatchObject({ command: 'config', key });
  });

  test('comes to what nobody can change for the next who calls it', async () => {
    const line = ['run_on_shutdown', '/usr/bin/true', '--', '--now'];
    const once = await readAs(line, 'changed');
    expect(await readAs(line, 'changed')).toBe(once);
    const { arguments: words } = once as { readonly arguments: string[] };
    expect(() => words.push('more')).toThrow(TypeError);
  });

  test('leaves nothing behind when it holds a text of its own', async () => {
    for (const line of [['log', 'text'], ['send', 'text', '-r', 'a.b'], ['props', 'set', 'a', 'text']]) {
      expect(await readAs(line, 'text')).not.toBe(await readAs(line, 'text'));
    }
  });
});
