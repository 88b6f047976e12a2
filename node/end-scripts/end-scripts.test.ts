import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
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
});
