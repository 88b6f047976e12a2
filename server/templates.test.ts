import { describe, expect, test } from '@jest/globals';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { temporaryFolder, type TemporaryFolder } from '../storage/testing/temporary-folder.ts';
import { readTemplates } from './templates.ts';

const template = {
  configuration: { demo: { limit: 1 } },
  locker: 'file:///srv/locker',
  specs: [{ project: 'demo', version: '1.0.0', spec: 'default' }],
  nodes: { scheduler: { roles: ['scheduler'], configuration: {}, specs: [] }, 'execute-*': { roles: ['execute'] } },
};

const write = (folder: TemporaryFolder, files: Readonly<Record<string, string | Uint8Array>>): void => {
  mkdirSync(folder.at('clusters'));
  for (const [name, content] of Object.entries(files)) writeFileSync(folder.at(`clusters/${name}`), content);
};

const home = (folder: TemporaryFolder): string => folder.at('.');

describe('the templates of a home', () => {
  test('are its files, by the cluster that each is named for; others are left alone', async () => {
    await using folder = await temporaryFolder();
    write(folder, { 'box.json': JSON.stringify(template), 'lab 2.json': '{}', '.hidden.json': 'x', 'box.json~': 'x', 'README.md': 'x' });
    const read = readTemplates(home(folder));
    expect(read.ok && [...read.value]).toEqual([
      ['box', template],
      ['lab 2', {}],
    ]);
  });

  test('are none where there is no folder for them', async () => {
    await using folder = await temporaryFolder();
    expect(readTemplates(home(folder))).toEqual({ ok: true, value: new Map() });
  });
});

describe('a template that cannot be used', () => {
  const bad = (change: object): string => JSON.stringify({ ...template, ...change });

  test.each<readonly [string, string | Uint8Array]>([
    ['is not JSON', '{"configuration":'],
    ['is not JSON', ''],
    ['is not valid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['nests deeper than 64 levels', '['.repeat(100)],
    ['has 4194305 bytes: at most 4194304 are allowed', Buffer.alloc(4 * 1024 * 1024 + 1, ' ')],
    ['is wrong at Invalid input: expected object, received array', '[]'],
    ['is wrong at configuration: is not an object', bad({ configuration: [] })],
    ['is wrong at locker: ', bad({ locker: '' })],
    ['is wrong at specs.0.project: ', bad({ specs: [{ version: '1', spec: 's' }] })],
    ['is wrong at nodes.scheduler.roles: ', bad({ nodes: { scheduler: { roles: 'scheduler' } } })],
    ['is wrong at nodes.scheduler.roles.0: ', bad({ nodes: { scheduler: { roles: [7] } } })],
    ['is wrong at nodes.execute-*.configuration: is not an object', bad({ nodes: { 'execute-*': { configuration: null } } })],
    ['is wrong at unknown member \'node\'', bad({ node: {} })],
    ['is wrong at nodes.scheduler: unknown member \'role\'', bad({ nodes: { scheduler: { role: 'scheduler' } } })],
  ])('is one line that names the file, and the member: "%s"', async (reason, content) => {
    await using folder = await temporaryFolder();
    write(folder, { 'box.json': content });
    const read = readTemplates(home(folder));
    expect(read).toMatchObject({ ok: false, error: { code: 'config_invalid', message: expect.stringContaining(`clusters/box.json ${reason}`) } });
    expect(JSON.stringify(read).length).toBeLessThan(400);
    expect(read.ok ? '' : read.error.message).not.toContain('\n');
  });

  test('is one that is no file, or leads to none', async () => {
    await using folder = await temporaryFolder();
    mkdirSync(folder.at('clusters/box.json'), { recursive: true });
    expect(readTemplates(home(folder))).toMatchObject({ error: { code: 'config_invalid', message: expect.stringMatching(/clusters\/box\.json is not a file$/) } });
    symlinkSync('nowhere', folder.at('clusters/a.json'));
    expect(readTemplates(home(folder))).toMatchObject({ error: { code: 'config_invalid', message: expect.stringMatching(/clusters\/a\.json cannot be read \(ENOENT\)$/) } });
  });

  test('is one whose name is none of a cluster', async () => {
    await using folder = await temporaryFolder();
    write(folder, { [`${'x'.repeat(120)}.json`]: '{}' });
    expect(readTemplates(home(folder))).toMatchObject({ error: { code: 'config_invalid', message: expect.stringMatching(/is not named for a cluster: the cluster name is too long$/) } });
  });

  test('is a folder of them that is a file', async () => {
    await using folder = await temporaryFolder();
    writeFileSync(folder.at('clusters'), '');
    expect(readTemplates(home(folder))).toMatchObject({ error: { code: 'config_invalid', message: expect.stringMatching(/clusters cannot be read \(ENOTDIR\)$/) } });
  });
});
