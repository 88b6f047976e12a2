import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ReportOrder } from '../../commands/host.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { fail, ok } from '../../protocol/result.ts';
import { makeReport, reportBounds } from './make-report.ts';

let folder: string;
let home: string;
let archive: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'report-'));
  home = path.join(folder, 'home');
  archive = path.join(folder, 'lab-n1.zip');
  mkdirSync(path.join(home, 'logs'), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true }));

const log = (name: string, content: string | Uint8Array, seconds = 0): void => {
  const file = path.join(home, 'logs', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  utimesSync(file, 1_700_000_000 + seconds, 1_700_000_000 + seconds);
};

const make = (more: Partial<ReportOrder> = {}, bounds = reportBounds) => makeReport(home, { logs: undefined, archive, documents: {}, ...more }, new ManualClock(), bounds);

/** What another program finds in the archive: texts by name, and the mode of each entry. */
const unpacked = (): { readonly texts: Readonly<Record<string, string>>; readonly modes: readonly string[] } => {
  const program = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps({"texts": {i.filename: z.read(i).decode() for i in z.infolist()}, "modes": [oct(i.external_attr >> 16) for i in z.infolist()]}))`;
  return JSON.parse(execFileSync('python3', ['-c', program, archive], { encoding: 'utf8', maxBuffer: 1e9 })) as ReturnType<typeof unpacked>;
};

interface Manifest {
  readonly files: ReadonlyArray<{ readonly name: string; readonly bytes: number; readonly lastBytes?: number }>;
  readonly leftOut: ReadonlyArray<{ readonly name: string; readonly why: string }>;
}

const manifest = (): Manifest => JSON.parse(unpacked().texts['manifest.json'] ?? '') as Manifest;

describe('an archive', () => {
  test('has all logs, the documents and a manifest, and only its owner may read it', async () => {
    log('jetpackd.log', 'one\ntwo\n');
    log('cluster-init/demo/default/scripts/10-a.sh.out', 'out\n');
    expect(await make({ documents: { 'node.json': ok({ cluster: 'lab' }), 'status.json': fail('daemon_unreachable', 'jetpackd is not running') } })).toEqual(ok(undefined));
    const { modes, texts } = unpacked();
    expect(Object.keys(texts).sort()).toEqual(['logs/cluster-init/demo/default/scripts/10-a.sh.out', 'logs/jetpackd.log', 'manifest.json', 'node.json', 'versions.json']);
    expect(texts['logs/jetpackd.log']).toBe('one\ntwo\n');
    expect(JSON.parse(texts['node.json'] ?? '')).toEqual({ cluster: 'lab' });
    expect(JSON.parse(texts['versions.json'] ?? '')).toMatchObject({ node: process.version });
    expect(manifest().leftOut).toEqual([{ name: 'status.json', why: expect.stringContaining('jetpackd is not running (daemon_unreachable)') }]);
    expect(new Set(modes)).toEqual(new Set(['0o100600']));
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['home', 'lab-n1.zip']);
  });

  test('holds none of the secrets that were planted', async () => {
    const secrets = ['s3cret-in-url', 's3cret-in-word', 's3cret-in-sas', 's3cret-in-bearer', 's3cretInKey', 's3cret-in-json', 's3cret-in-status'];
    log('jetpackd.log', `amqp://jetpack:${secrets[0]}@broker\npassword=${secrets[1]}\nx?sig=${secrets[2]}&se=1\nAuthorization: Bearer ${secrets[3]}\n-----BEGIN PRIVATE KEY-----\n${secrets[4]}\n-----END PRIVATE KEY-----\n`);
    await make({ documents: { 'node.json': ok({ cyclecloud: { config: { password: secrets[5] } } }), 'status.json': ok({ broker: `amqp://u:${secrets[6]}@h` }) } });
    const all = Object.values(unpacked().texts).join('\n');
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
    expect(all).toContain('amqp://***@broker');
  });

  test('has of a long log its last whole lines, of many the ones written last, and says what is missing', async () => {
    log('long.log', Array.from({ length: 1_000 }, (_, index) => `line ${String(index).padStart(4, '0')}`).join('\n') + '\n', 2);
    log('newer.log', 'x'.repeat(99) + '\n', 1);
    log('older.log', 'y'.repeat(99) + '\n', 0);
    await make({}, { log: 105, all: 205 });
    const { texts } = unpacked();
    expect(texts['logs/long.log']).toBe(Array.from({ length: 10 }, (_, index) => `line ${990 + index}`.replace('line ', 'line 0')).join('\n') + '\n');
    expect(texts['logs/newer.log']).toHaveLength(100);
    expect(manifest().files[0]).toEqual({ name: 'logs/long.log', bytes: 10_000, lastBytes: 100 });
    expect(texts['logs/older.log']).toBe('');
  });

  test('follows no link, opens no pipe, and leaves out what is not text', async () => {
    writeFileSync(path.join(folder, 'shadow'), 'outside');
    symlinkSync(path.join(folder, 'shadow'), path.join(home, 'logs', 'link.log'));
    symlinkSync(folder, path.join(home, 'logs', 'elsewhere'));
    execFileSync('mkfifo', [path.join(home, 'logs', 'pipe')]);
    log('core', Buffer.from([1, 0, 2]));
    log('good.log', 'good\n');
    log('10-join.sh.out.strace', 'read(3, "hunter2", 7) = 7\n');
    expect(await make()).toEqual(ok(undefined));
    expect(Object.keys(unpacked().texts).filter((name) => name.startsWith('logs/'))).toEqual(['logs/good.log']);
    expect(manifest().leftOut).toEqual(
      expect.arrayContaining([
        { name: 'logs/link.log', why: 'a link, which is not followed' },
        { name: 'logs/elsewhere', why: 'a link, which is not followed' },
        { name: 'logs/pipe', why: 'no file: a pipe, a socket or a device' },
        { name: 'logs/core', why: 'not text' },
        { name: 'logs/10-join.sh.out.strace', why: expect.stringContaining('system calls') },
      ]),
    );
  });

  test('of one file, or of a folder that a link leads to, is made as well', async () => {
    log('one.log', 'one\n');
    symlinkSync(path.join(home, 'logs'), path.join(folder, 'link'));
    expect(await make({ logs: path.join(home, 'logs', 'one.log') })).toEqual(ok(undefined));
    expect(unpacked().texts['logs/one.log']).toBe('one\n');
    expect(await make({ logs: path.join(folder, 'link'), archive: path.join(folder, 'two.zip') })).toEqual(ok(undefined));
  });
});

describe('there is no archive, and nothing half of one,', () => {
  test('when there are no logs', async () => {
    expect(await make({ logs: path.join(folder, 'nowhere') })).toEqual(fail('file_unreadable', `${path.join(folder, 'nowhere')} does not exist`));
    expect(await make({ logs: '/dev/zero' })).toEqual(fail('file_unreadable', '/dev/zero is neither a file nor a folder'));
    expect(existsSync(archive)).toBe(false);
  });

  test('when its folder is not there', async () => {
    const nowhere = path.join(folder, 'nowhere', 'x.zip');
    expect(await make({ archive: nowhere })).toEqual(fail('file_unwritable', `${nowhere} cannot be written (ENOENT)`));
  });

  test('when the disk is full', async () => {
    log('good.log', 'good\n');
    symlinkSync('/dev/full', `${archive}.partial`);
    expect(await make()).toMatchObject({ ok: false, error: { code: 'file_unwritable' } });
    expect(existsSync(archive)).toBe(false);
  });
});
