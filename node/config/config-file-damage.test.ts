import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import type { Tree } from '../../protocol/configuration.ts';
import { NodeConfigFile } from './config-file.ts';
import { asides, at, clock, folder, identity, keep, open, text, tree, useConfigFileStage } from './testing/config-file-stage.ts';

useConfigFileStage();

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
