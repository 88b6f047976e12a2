import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '../../effects/manual-clock.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { Tree } from '../../protocol/configuration.ts';
import { NodeConfigFile } from './config-file.ts';
import { maxTreeBytes } from './tree-file.ts';

const identity = { cluster: 'lab', node: 'n1', instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', executable: '/bin/jetpack', home: '/home' };
const layers = { configuration: { slurm: { version: '23.11' } }, facts: { hostname: 'n1' } };

let folder: string;
let clock: ManualClock;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-config-'));
  clock = new ManualClock();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const text = (name = 'node.json'): string => readFileSync(at(name), 'utf8');
const tree = (name?: string): Tree => JSON.parse(text(name)) as Tree;
const modeOf = (name: string): number => lstatSync(at(name)).mode & 0o7777;
const asides = (): string[] => readdirSync(folder).filter((name) => name.includes('.aside-'));
const open = (): NodeConfigFile => new NodeConfigFile({ config: folder, identity, clock, logger: recordLog().logger });

/** What a new daemon's file says and does. */
const keep = (file = open()) => {
  const { notices, outcome } = file.keep(layers);
  return { wrote: outcome.ok ? outcome.value.wrote : outcome.error.code, notices: notices.map(({ text }) => text.replaceAll(folder, '')), reports: notices.filter(({ report }) => report).length };
};

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

describe('layers that change while the daemon runs', () => {
  const layer = (first: Tree) => {
    const listeners = new Set<() => void>();
    let tree = first;
    return {
      tree: () => tree,
      onChange: (listener: () => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      listeners,
      change: (next: Tree): void => {
        tree = next;
        for (const listener of listeners) listener();
      },
    };
  };

  test('stand below all others (ohai) and above all others (metadata)', () => {
    writeFileSync(at('node.json'), '{"a": "seed", "b": "seed", "hostname": "seed"}');
    const ohai = layer({ a: 'ohai', b: 'ohai', languages: { ruby: '3' }, hostname: 'ohai' });
    const metadata = layer({ hostname: 'the cloud', cyclecloud: { instance: { ipv4: '10.0.0.4' } } });
    const file = new NodeConfigFile({ config: folder, identity, ohai, metadata, clock, logger: recordLog().logger });
    file.keep({ configuration: { b: 'server', languages: { ruby: 'mine' } }, facts: { hostname: 'n1' } });
    expect(tree()).toMatchObject({ a: 'seed', b: 'server', languages: { ruby: 'mine' }, hostname: 'the cloud', cyclecloud: { instance: { id: 'i-1', ipv4: '10.0.0.4' } } });
  });

  test('are told of when they change, until nobody listens any more', () => {
    const metadata = layer({});
    const ohai = layer({});
    const file = new NodeConfigFile({ config: folder, identity, ohai, metadata, clock, logger: recordLog().logger });
    let told = 0;
    const end = file.watch(() => (told += 1));
    metadata.change({ azure: {} });
    ohai.change({ cpu: {} });
    expect(told).toBe(2);
    end();
    expect([metadata.listeners.size, ohai.listeners.size]).toEqual([0, 0]);
  });
});

describe('a damaged node.json', () => {
  const damages: ReadonlyArray<readonly [string, () => void, string]> = [
    ['truncated', () => truncateSync(at('node.json'), 100), 'is not JSON'],
    ['empty', () => truncateSync(at('node.json'), 0), 'is empty'],
    ['not UTF-8', () => writeFileSync(at('node.json'), Buffer.from([0x7b, 0x22, 0xfe, 0x22, 0x3a, 0x31, 0x7d])), 'is not valid UTF-8'],
    ['200 MB long', () => truncateSync(at('node.json'), 200_000_000), 'has 200000000 bytes: at most 16777216 are allowed'],
    ['a list', () => writeFileSync(at('node.json'), '[1]'), 'is not a JSON object'],
    ['too deep', () => writeFileSync(at('node.json'), `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`), 'nests deeper than 64 levels'],
    ['a folder', () => (rmSync(at('node.json')), mkdirSync(at('node.json'))), 'is not a regular file'],
    ['a pipe', () => (rmSync(at('node.json')), execFileSync('/usr/bin/mkfifo', [at('node.json')])), 'is not a regular file'],
    ['a link in a circle', () => (rmSync(at('node.json')), symlinkSync('node.json', at('node.json'))), 'cannot be read (ELOOP)'],
  ];

  test.each(damages)('%s: is set aside with its reason, told to the cluster, and the true one is written again', (_what, damage, reason) => {
    keep();
    const before = text();
    damage();
    const aside = 'node.json.aside-2026-01-01T00-00-00-000Z';
    expect(keep()).toEqual({ wrote: true, notices: [`/node.json ${reason}: it was set aside as /${aside}`], reports: 1 });
    expect(text()).toBe(before);
    expect(asides()).toEqual([aside]);
  });

  test('again and again leaves three of them, the newest', async () => {
    const file = open();
    for (let time = 1; time <= 5; time += 1) {
      keep(file);
      writeFileSync(at('node.json'), `damaged ${time}`);
      keep(file);
      await clock.advance(1_000);
    }
    expect(asides().map((name) => text(name)).sort()).toEqual(['damaged 3', 'damaged 4', 'damaged 5']);
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
