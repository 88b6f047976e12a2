import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { flattened, shapeOf } from './completion/shapes.ts';
import { wholeProgram } from './parse.ts';
import { commands } from './table.ts';
import { runFake } from './testing/fake-host.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'completion-'));
  mkdirSync(path.join(folder, 'a-folder'));
  writeFileSync(path.join(folder, 'a-file'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const scriptFor = async (shell: string): Promise<string> => {
  const { exit, out } = await runFake(['completion', shell]);
  expect(exit).toBe(0);
  return out;
};

const isThere = (shell: string): boolean => {
  const there = spawnSync(shell, ['-c', 'true']).status === 0;
  if (!there && process.env['CI'] === 'true') throw new Error(`${shell} is not there`);
  if (!there) process.stdout.write(`left out: completion in ${shell}, which is not there\n`);
  return there;
};

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** The last word is what stands before the cursor. */
const cases: ReadonlyArray<readonly [words: readonly string[], some: readonly string[], none: readonly string[]]> = [
  [['lo'], ['log'], ['send']],
  [[''], ['config', 'converge', 'report_issue', 'report-issue', 'sync'], ['wait']],
  [['sync', ''], ['wait'], ['log']],
  [['sync', 'wait', '--p'], ['--phase'], ['--role']],
  [['log', 'text', '--level', ''], ['info', 'warn', 'error'], ['low']],
  [['log', '-p', 'h'], ['high'], ['low']],
  [['--home', '/h', 'props', ''], ['get', 'set', 'unset'], ['log']],
  [['converge', '--mode', 'm'], ['maintenance'], ['install']],
  [['converge', '--'], ['--plan', '--no-sync', '--home', '--help'], ['--level']],
  [['completion', ''], ['bash', 'zsh', 'fish'], []],
  [['report-issue', '--no-'], ['--no-upload', '--no-sign'], ['--upload']],
];

test('every command that there is can be completed', async () => {
  const names = shapeOf(await wholeProgram()).commands.map(({ names: [name] }) => name);
  expect(names).toEqual(Object.keys(commands));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = await scriptFor(shell);
    for (const { names: [name = ''] } of flattened(shapeOf(await wholeProgram())).slice(1)) expect(script).toContain(name);
  }
});

test('a shell that is not known is refused', async () => {
  expect(await runFake(['completion', 'tcsh'])).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('bash, zsh, fish') });
});

describe('bash', () => {
  const complete = async (words: readonly string[]): Promise<readonly string[]> => {
    const drive = 'eval "$1"; shift; COMP_WORDS=(jetpack "$@"); COMP_CWORD=$#; _jetpack 2>&1; printf "%s\\n" "${COMPREPLY[@]}"';
    return lines(execFileSync('bash', ['-c', drive, 'bash', await scriptFor('bash'), ...words], { encoding: 'utf8', cwd: folder }));
  };

  test.each(cases)('completes %j', async (words, some, none) => {
    const completed = await complete(words);
    expect(completed).toEqual(expect.arrayContaining([...some]));
    for (const word of none) expect(completed).not.toContain(word);
  });

  test('takes --level=w for the three words that readline makes of it', async () => {
    expect(await complete(['log', '--level', '=', 'w'])).toEqual(['warn']);
    expect(await complete(['log', '--level', '='])).toEqual(['info', 'warn', 'error']);
  });

  test('leaves what can be any text alone', async () => {
    expect(await complete(['keepalive', '--reason', ''])).toEqual([]);
    expect(await complete(['log', ''])).toEqual([]);
  });

  test('completes folders for the home, and leaves files to readline', async () => {
    expect(await complete(['--home', 'a-'])).toEqual(['a-folder']);
    expect(await complete(['send', '--file', 'a-'])).toEqual([]);
  });

  test('is not troubled by a shell that stops at errors and unset names', async () => {
    const out = execFileSync('bash', ['-euc', 'eval "$1"; COMP_WORDS=(jetpack lo); COMP_CWORD=1; _jetpack; echo "${COMPREPLY[0]}"', 'bash', await scriptFor('bash')], { encoding: 'utf8' });
    expect(out).toBe('log\n');
  });
});

if (isThere('zsh')) {
  describe('zsh', () => {
    /** The functions of its completion system, as far as the script calls them, print what they get. */
    const stubs = `
compdef() { : }
compadd() { shift; print -l -- "$@" }
compset() { : }
_files() { print -- files "$@" }
_describe() { local -a each; each=("\${(@P)argv[-1]}"); print -l -- "\${each[@]%%:*}" }
`;
    const complete = async (words: readonly string[]): Promise<readonly string[]> => {
      const drive = `${stubs}\neval "$1"; shift; words=(jetpack "$@"); CURRENT=$(($# + 1)); _jetpack`;
      return lines(execFileSync('zsh', ['-fc', drive, 'zsh', await scriptFor('zsh'), ...words], { encoding: 'utf8', cwd: folder }));
    };

    test.each(cases)('offers for %j what can stand there', async (words, some, none) => {
      const last = words.at(-1) ?? '';
      const completed = (await complete(words)).filter((word) => word.startsWith(last));
      expect(completed).toEqual(expect.arrayContaining([...some]));
      for (const word of none) expect(completed).not.toContain(word);
    });

    test('offers values after the sign of equality, folders for the home and files for a file', async () => {
      expect(await complete(['log', '--level=w'])).toEqual(['info', 'warn', 'error']);
      expect(await complete(['--home', ''])).toEqual(['files -/']);
      expect(await complete(['send', '--file', ''])).toEqual(['files']);
    });
  });
}

if (isThere('fish')) {
  describe('fish', () => {
    const complete = async (words: readonly string[]): Promise<readonly string[]> => {
      const script = path.join(folder, 'jetpack.fish');
      writeFileSync(script, await scriptFor('fish'));
      const line = ['jetpack', ...words.map((word) => (word === '' ? '' : word))].join(' ');
      return lines(execFileSync('fish', ['--no-config', '-c', `source ${script}; complete -C '${line}'`], { encoding: 'utf8', cwd: folder })).map((each) => each.split('\t')[0] ?? '');
    };

    test.each(cases)('completes %j', async (words, some, none) => {
      const completed = await complete(words);
      expect(completed).toEqual(expect.arrayContaining([...some]));
      for (const word of none) expect(completed).not.toContain(word);
    });

    test('completes folders for the home and files for a file', async () => {
      expect(await complete(['--home', 'a-'])).toEqual(['a-folder/']);
      expect(await complete(['send', '--file', 'a-'])).toEqual(expect.arrayContaining(['a-file']));
    });
  });
}
