import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { systemRandom, uuid7 } from '../../effects/random.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { createScriptRunner } from '../scripts/run-script.ts';
import { createEndScripts } from './end-scripts.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => folder[Symbol.asyncDispose]());

const { signal } = new AbortController();
const newId = (): string => uuid7(Date.now(), systemRandom);

const endScripts = () => {
  const runner = createScriptRunner({ clock: systemClock, env: { PATH: process.env['PATH'] }, graceMs: 500, logger: silentLogger });
  return createEndScripts({ home: folder.at('home'), logs: folder.at('logs'), binFolder: '/opt/jetpack/bin', searchPath: '/usr/bin:/bin', runner });
};

const script = (name: string, text: string, mode = 0o755): string => {
  const file = folder.at(name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, mode);
  return file;
};

describe('a script for the end of the node', () => {
  test('runs in its own folder with its arguments and its node, and what it writes is kept', async () => {
    const file = script('leave.sh', 'echo "$1|$JETPACK_HOME|$PWD|$PATH"; exit 3');
    const result = await endScripts().run({ path: file, arguments: ['two words'] }, newId(), 4, signal);
    expect(result.ending).toEqual({ type: 'exited', code: 3 });
    const said = `two words|${folder.at('home')}|${path.dirname(file)}|/opt/jetpack/bin:/usr/bin:/bin\n`;
    expect([result.tail, readFileSync(path.join(folder.at('logs'), '04-leave.sh.out'), 'utf8')]).toEqual([said.trimEnd(), said]);
  });

  test.each([
    ['is not there any more', () => folder.at('gone.sh')],
    ['has no execute bit', () => script('plain.sh', 'exit 0', 0o644)],
    ['is no file', () => folder.at('.')],
    ['is writable by everyone: chmod o-w takes that away', () => script('open.sh', 'exit 0', 0o777)],
    [
      'is a link, and others may change what it leads to: register the file itself',
      () => {
        symlinkSync(script('target.sh', 'exit 0'), folder.at('link.sh'));
        return folder.at('link.sh');
      },
    ],
  ])('that %s is not run', async (reason, make) => {
    expect(await endScripts().run({ path: make(), arguments: [] }, newId(), 1, signal)).toMatchObject({ ending: { type: 'unstartable', reason } });
  });

  describe('that others could put another in the place of', () => {
    const mode = (name: string, bits: number): string => {
      chmodSync(folder.at(name), bits);
      return folder.at(name);
    };
    const inFolder = (name: string): string => {
      mkdirSync(folder.at(name), { recursive: true });
      return script(path.join(name, 'leave.sh'), 'exit 0');
    };
    const run = async (file: string) => (await endScripts().run({ path: file, arguments: [] }, newId(), 1, signal)).ending;
    const refused = (where: string) => ({ type: 'unstartable', reason: `lies in ${where}, which is writable by everyone: chmod o-w takes that away` });

    test('is not run, whichever folder of its path they may write', async () => {
      const file = inFolder('open/inner');
      const open = mode('open', 0o777);
      expect(await run(file)).toEqual(refused(open));
      mode('open', 0o755);
      expect(await run(file)).toEqual({ type: 'exited', code: 0 });
      expect(await run(path.join(mode('open/inner', 0o777), 'leave.sh'))).toEqual(refused(folder.at('open/inner')));
    });

    test('is not run where a link in its path lies, or leads, where they may write', async () => {
      inFolder('good');
      inFolder('open');
      symlinkSync('../good', folder.at('open/to-good'));
      symlinkSync('open/to-good', folder.at('by-open'));
      symlinkSync(folder.at('good'), folder.at('direct'));
      const open = mode('open', 0o777);
      expect(await run(folder.at('by-open/leave.sh'))).toEqual(refused(open));
      expect(await run(folder.at('direct/leave.sh'))).toEqual({ type: 'exited', code: 0 });
      mode('good', 0o777);
      expect(await run(folder.at('direct/leave.sh'))).toEqual(refused(folder.at('good')));
    });

    test('is not run by a path that leads in a circle', async () => {
      symlinkSync('round', folder.at('round'));
      expect(await run(folder.at('round/leave.sh'))).toEqual({ type: 'unstartable', reason: 'cannot be looked at (ELOOP)' });
    });

    test('is run from a folder in which everyone may write and nobody may replace what is not theirs', async () => {
      const file = inFolder('sticky');
      mode('sticky', 0o1777);
      expect(await run(file)).toEqual({ type: 'exited', code: 0 });
    });
  });
});
