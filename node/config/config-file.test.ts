import { describe, expect, test } from '@jest/globals';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { NodeConfigFile } from './config-file.ts';
import { maxTreeBytes } from './tree-file.ts';
import { asides, at, clock, folder, identity, keep, layers, open, text, tree, useConfigFileStage } from './testing/config-file-stage.ts';

useConfigFileStage();

const modeOf = (name: string): number => lstatSync(at(name)).mode & 0o7777;

const quiet = { notices: [], reports: 0 };

describe('node.json', () => {
  test('holds identity, facts and the configuration of the server, indented by four', () => {
    const { outcome } = open().keep(layers);
    expect(tree()).toEqual({
      slurm: { version: '23.11' },
      cyclecloud: { home: '/home', bootstrap: '/home/system/bootstrap', chefstate: '/home/system/chef/chefstate', cluster: { name: 'lab' }, node: { name: 'n1' }, instance: { id: 'i-1', hostname: 'n1.lab' }, jetpack: { version: '1.2.3', executable: '/bin/jetpack' } },
      hostname: 'n1',
    });
    expect(outcome).toEqual({ ok: true, value: { tree: tree(), wrote: true } });
    expect(text()).toContain('\n    "slurm": {\n        "version": "23.11"\n    },\n');
    expect(text('node.last-good.json')).toBe(text());
  });

  test('holds what programs show to the server, below what the server says of the same', () => {
    const access = { cyclecloud: { config: { username: 'u', password: 'p' } } };
    const file = new NodeConfigFile({ config: folder, identity, access, clock, logger: recordLog().logger });
    file.keep({ ...layers, configuration: { cyclecloud: { config: { username: 'of another server', web_server: 'https://s' } } } });
    expect(tree()).toMatchObject({ cyclecloud: { config: { username: 'of another server', password: 'p', web_server: 'https://s' } } });
    expect(file.explain('cyclecloud.config.password', layers)).toEqual([{ layer: 'access', value: 'p' }]);
  });

  test('that somebody wrote for all to read is closed to others at once, and so is one that is set aside', () => {
    writeFileSync(at('node.json'), '{"password": "x"}');
    chmodSync(at('node.json'), 0o664);
    const file = open();
    expect(modeOf('node.json')).toBe(0o660);
    keep(file);
    writeFileSync(at('node.json'), 'damaged');
    chmodSync(at('node.json'), 0o644);
    keep(file);
    expect(asides().map(modeOf)).toEqual([0o640]);
  });

  test('is readable by owner and group, under any umask, and never by others', () => {
    const before = process.umask(0);
    try {
      keep();
    } finally {
      process.umask(before);
    }
    expect(modeOf('node.json')).toBe(0o640);
    expect(modeOf('node.last-good.json')).toBe(0o640);
    const file = open();
    chmodSync(at('node.json'), 0o644);
    expect(keep(file)).toEqual({ wrote: true, ...quiet });
    expect(modeOf('node.json')).toBe(0o640);
  });

  test('is written only when it is different', () => {
    const file = open();
    expect(keep(file).wrote).toBe(true);
    const before = lstatSync(at('node.json'), { bigint: true });
    expect(keep(file)).toEqual({ wrote: false, ...quiet });
    expect(keep()).toEqual({ wrote: false, ...quiet });
    expect(lstatSync(at('node.json'), { bigint: true }).ino).toBe(before.ino);
    expect(file.keep({ ...layers, facts: {} }).outcome).toMatchObject({ ok: true, value: { wrote: true } });
  });

  test('that was removed is written again', () => {
    const file = open();
    keep(file);
    unlinkSync(at('node.json'));
    expect(keep(file)).toMatchObject({ wrote: true, notices: ['/node.json was gone and is written again'] });
    expect(tree()).toMatchObject({ hostname: 'n1' });
  });

  test('that somebody edited is overwritten, and that is said', () => {
    const file = open();
    keep(file);
    writeFileSync(at('node.json'), '{"slurm": {"version": "mine"}}');
    expect(keep(file)).toEqual({
      wrote: true,
      notices: ["/node.json was changed by somebody else and is written again: settings belong to the cluster's server"],
      reports: 0,
    });
    expect(tree()).toMatchObject({ slurm: { version: '23.11' } });
    expect(readdirSync(folder).sort()).toEqual(['node.json', 'node.last-good.json']);
  });

  test('a last good copy that is missing or damaged is mended', () => {
    keep();
    unlinkSync(at('node.last-good.json'));
    writeFileSync(at('node.seed.json'), '{}');
    keep();
    expect(text('node.last-good.json')).toBe(text());
    truncateSync(at('node.last-good.json'), 5);
    expect(keep()).toMatchObject({ wrote: false, reports: 1 });
    expect(text('node.last-good.json')).toBe(text());
  });

  test('a link in its place is replaced, and what it led to is left alone', () => {
    keep();
    writeFileSync(at('elsewhere'), '{"precious": true}');
    unlinkSync(at('node.json'));
    symlinkSync('elsewhere', at('node.json'));
    expect(keep().wrote).toBe(true);
    expect(lstatSync(at('node.json')).isFile()).toBe(true);
    expect(text('elsewhere')).toBe('{"precious": true}');
  });

  test('that cannot be written is one coded answer, and the one before stays', () => {
    const file = open();
    keep(file);
    const before = text();
    mkdirSync(at('node.json.tmp'));
    const { outcome } = file.keep({ ...layers, facts: { hostname: 'other' } });
    expect(outcome).toMatchObject({ ok: false, error: { code: 'home_unusable', message: expect.stringContaining(at('node.json')) } });
    expect(text()).toBe(before);
  });

  test('is never larger than what can be read', () => {
    const { outcome } = open().keep({ ...layers, configuration: { text: 'x'.repeat(maxTreeBytes) } });
    expect(outcome).toMatchObject({ ok: false, error: { code: 'config_invalid' } });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the seed', () => {
  const handWritten = '{"custom": {"size": 1.0}, "slurm": {"version": "old", "extra": true}, "cyclecloud": {"node": {"name": "pretender"}}}';

  test('is what a node.json held before the first start; every other layer stands over it', () => {
    writeFileSync(at('node.json'), handWritten);
    expect(keep()).toMatchObject({ wrote: true, notices: ['/node.json was there before jetpackd: what it holds is kept in /node.seed.json'] });
    expect(tree()).toMatchObject({ custom: { size: 1 }, slurm: { version: '23.11', extra: true }, cyclecloud: { node: { name: 'n1' } } });
    expect(text()).toContain('"size": 1.0');
    expect(text('node.seed.json')).toBe(handWritten);
    expect(modeOf('node.seed.json')).toBe(0o640);
  });

  test('is taken once: later edits do not change it, and every later start has it', () => {
    writeFileSync(at('node.json'), handWritten);
    keep();
    writeFileSync(at('node.json'), '{"custom": {"size": 2}}');
    keep();
    expect(text('node.seed.json')).toBe(handWritten);
    expect(keep()).toEqual({ wrote: false, ...quiet });
    expect(text()).toContain('"size": 1.0');
  });

  test('is never taken from what jetpackd wrote itself', () => {
    keep();
    writeFileSync(at('node.json'), '{"mine": true}');
    keep();
    expect(readdirSync(folder).sort()).toEqual(['node.json', 'node.last-good.json']);
    expect(tree()).not.toHaveProperty('mine');
  });

  test('survives an end of the daemon at any point of the first start', () => {
    writeFileSync(at('node.json'), handWritten);
    keep();
    const files = ['node.seed.json', 'node.last-good.json'].map((name) => [name, text(name)] as const);
    const good = text();
    for (let written = 0; written <= files.length; written += 1) {
      for (const name of readdirSync(folder)) rmSync(at(name));
      writeFileSync(at('node.json'), handWritten);
      for (const [name, content] of files.slice(0, written)) writeFileSync(at(name), content);
      keep();
      expect(text()).toBe(good);
    }
  });

  test('a damaged one is set aside, and the node goes on without it', () => {
    writeFileSync(at('node.json'), handWritten);
    keep();
    writeFileSync(at('node.seed.json'), '{');
    expect(keep()).toMatchObject({ wrote: true, reports: 1 });
    expect(tree()).not.toHaveProperty('custom');
    expect(keep()).toEqual({ wrote: false, ...quiet });
  });

  test('a damaged node.json before the first start is no seed', () => {
    writeFileSync(at('node.json'), '{"custom":');
    expect(keep()).toMatchObject({ wrote: true, reports: 1 });
    expect(readdirSync(folder)).not.toContain('node.seed.json');
  });
});

describe('watching', () => {
  test('tells of every way node.json changes, and not of other files', async () => {
    let changes = 0;
    const unwatch = open().watch(() => (changes += 1));
    const change = async (what: string, make: () => void): Promise<void> => {
      const before = changes;
      make();
      await waitFor(what, () => changes > before);
    };
    try {
      await change('a new file', () => writeFileSync(at('node.json'), '{}'));
      await change('an edit', () => writeFileSync(at('node.json'), '{"a":1}'));
      await change('a removal', () => unlinkSync(at('node.json')));
      await change('a replacement', () => keep());
      const before = changes;
      for (let other = 0; other < 50; other += 1) writeFileSync(at(`${other}.json`), '{}');
      await change('the next edit', () => writeFileSync(at('node.json'), '{}'));
      // Events come in order: those of the other files would have come before.
      expect(changes - before).toBeLessThan(50);
    } finally {
      unwatch();
    }
  });

  test('a folder that cannot be watched is a line in the log', () => {
    const log = recordLog();
    const file = new NodeConfigFile({ config: at('nowhere'), identity, clock, logger: log.logger });
    file.watch(() => undefined)();
    expect(log.lines).toEqual([expect.stringContaining('is not watched (ENOENT)')]);
  });
});
