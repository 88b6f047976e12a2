// Help is to be enough to use a command: what it shows is what can be typed.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { flattened, shapeOf } from './completion/shapes.ts';
import { parseCommandLine, wholeProgram } from './parse.ts';

const helpOf = async (words: readonly string[]): Promise<string> => {
  const parsed = await parseCommandLine([...words, '--help'], '0');
  if (parsed.type !== 'text') throw new Error(`jetpack ${words.join(' ')} has no help`);
  return parsed.text;
};

const shape = shapeOf(await wholeProgram());

/** Commands that do something, as they are typed. */
const callable = flattened(shape).flatMap(({ commands, place }) => (commands.length === 0 ? [place.slice(1).replaceAll('/', ' ')] : []));

/** As a shell takes it apart. */
const wordsOf = (line: string): readonly string[] => JSON.parse(execFileSync('python3', ['-c', 'import json, shlex, sys; print(json.dumps(shlex.split(sys.argv[1])))', line], { encoding: 'utf8' })) as string[];

describe('the help of every command', () => {
  test.each(callable)('jetpack %s has examples that it takes', async (words) => {
    const help = await helpOf(words.split(' '));
    const examples = (/\nExamples:\n((?: {2}.*\n)+)$/.exec(help)?.[1] ?? '').trimEnd().split('\n');
    expect(examples.length).toBeGreaterThanOrEqual(1);
    expect(examples.length).toBeLessThanOrEqual(3);
    for (const example of examples) {
      const [, line = ''] = /(?:^|[(]|&& )jetpack ([^)|]*)/.exec(example.trim()) ?? [];
      expect(line.startsWith(words)).toBe(true);
      expect(await parseCommandLine(wordsOf(line), '0')).toMatchObject({ type: 'invoked' });
    }
  });

  test.each(flattened(shape).map(({ place }) => place.slice(1).replaceAll('/', ' ')))("jetpack '%s' says what it does, fits into a terminal and leaves no word alone on a line", async (words) => {
    const help = await helpOf(words.split(' ').filter((word) => word !== ''));
    expect(help).toMatch(/^Usage: jetpack .*\n\n[A-Z]/);
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    const about = help.split('\n\n')[1] ?? '';
    // A line break of ours within a sentence would leave the end of a line that was too long by itself.
    for (const line of about.split('\n').slice(0, -1)) expect([line, line.length > 40 || line.endsWith('.')]).toEqual([line, true]);
  });

  test.each(['converge', 'inspect', 'props set', 'props unset', 'run_on_shutdown', 'shutdown'])('jetpack %s says that only root and the user of jetpackd may use it', async (words) => {
    expect((await helpOf(words.split(' '))).replaceAll(/\s+/g, ' ')).toContain('Served on run/admin.sock: run it as the user of jetpackd.');
  });

  test('leaves no option unexplained', () => {
    expect(flattened(shape).flatMap(({ options, place }) => options.filter(({ description }) => description === '').map(({ names }) => `${place} ${names[0]}`))).toEqual([]);
  });
});
