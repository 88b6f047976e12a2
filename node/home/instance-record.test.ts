import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beginAs, refuseForeignIdentity, type Beginning, type ServingInstance } from './instance-record.ts';
import { homePaths, type HomePaths } from './paths.ts';
import { prepareHome } from './prepare.ts';

const now = Date.UTC(2026, 0, 1);

let home: string;
let paths: HomePaths;
let identityFile: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'jetpack-instance-'));
  paths = homePaths(home);
  prepareHome(paths);
  identityFile = path.join(paths.config, 'connection.json');
});
afterEach(() => rmSync(home, { recursive: true }));

const begin = (serving: ServingInstance): Beginning => {
  const began = beginAs(paths, serving, now);
  if (!began.ok) throw new Error(began.error.message);
  return began.value;
};

const a: ServingInstance = { id: 'vm-a', knownAs: [] };
const b: ServingInstance = { id: 'vm-b', knownAs: [] };

describe('a home', () => {
  test('that was never served, or by this machine, keeps what it has', () => {
    writeFileSync(path.join(paths.spool, '1.json'), '{}');
    expect(begin(a)).toEqual({ before: undefined, aside: [] });
    expect(begin(a)).toEqual({ before: undefined, aside: [] });
    expect(begin({ id: 'vm-new-name', knownAs: ['vm-a'] })).toEqual({ before: undefined, aside: [] });
    expect(readdirSync(paths.spool)).toContain('1.json');
  });

  test('that another machine served has its spool set aside, with what waits in it, and a new one', () => {
    begin(a);
    writeFileSync(path.join(paths.spool, '1.json'), '{}');
    const { aside, before } = begin(b);
    expect(before).toBe('vm-a');
    expect(aside).toEqual([expect.stringMatching(/spool\.aside-2026-/)]);
    expect(readdirSync(aside[0]!).sort()).toEqual(['1.json', 'rejected']);
    expect(readdirSync(paths.spool)).toEqual(['rejected']);
    expect(lstatSync(paths.spool).mode & 0o7777).toBe(0o1770);
    expect(begin(b)).toEqual({ before: undefined, aside: [] });
  });

  test('whose spool is empty has nothing to set aside', () => {
    begin(a);
    expect(begin(b)).toEqual({ before: 'vm-a', aside: [] });
    expect(readdirSync(paths.run).filter((name) => name.includes('aside'))).toEqual([]);
  });

  test('whose record is damaged counts as never served', () => {
    begin(a);
    writeFileSync(path.join(paths.run, 'instance.json'), '{"instance":');
    expect(begin(b)).toEqual({ before: undefined, aside: [] });
  });

  test('that cannot be written is an answer', () => {
    mkdirSync(path.join(paths.run, 'instance.json.new'));
    expect(beginAs(paths, a, now)).toMatchObject({ ok: false, error: { code: 'home_unusable', message: expect.stringContaining(path.join(paths.run, 'instance.json')) } });
  });
});

describe('the identity in connection.json', () => {
  const secret = '{"cluster":"lab","node":"n1","url":"amqp://n1:s3cret@broker"}';
  const serve = (of: ServingInstance): void => void begin({ ...of, identityFile });
  const check = (of: ServingInstance) => refuseForeignIdentity(paths.run, { ...of, identityFile }, now);

  test('of this machine is used, and the record of it is for the daemon alone and does not hold it', () => {
    writeFileSync(identityFile, secret);
    serve(a);
    expect(check(a)).toEqual({ ok: true, value: undefined });
    expect(check({ id: 'vm-new-name', knownAs: ['vm-a'] })).toEqual({ ok: true, value: undefined });
    const record = path.join(paths.run, 'instance.json');
    expect(lstatSync(record).mode & 0o777).toBe(0o600);
    expect(readFileSync(record, 'utf8')).not.toContain('s3cret');
  });

  test('that a copied disk brought along is set aside, and the line says what to do', () => {
    writeFileSync(identityFile, secret);
    serve(a);
    const refused = check(b);
    expect(refused).toMatchObject({ ok: false, error: { code: 'instance_changed', message: expect.stringMatching(/is the identity of instance vm-a, and this is instance vm-b: it was set aside as .+connection\.json\.aside-2026-.+; enroll this machine, or give --cluster, --node and --amqp$/) } });
    expect(JSON.stringify(refused)).not.toContain('s3cret');
    expect(existsSync(identityFile)).toBe(false);
    const aside = readdirSync(paths.config).find((name) => name.startsWith('connection.json.aside'));
    expect(readFileSync(path.join(paths.config, aside ?? ''), 'utf8')).toBe(secret);
    // The next start finds none in the way.
    expect(check(b)).toEqual({ ok: true, value: undefined });
  });

  test('that was written on the copy itself is its own', () => {
    writeFileSync(identityFile, secret);
    serve(a);
    writeFileSync(identityFile, secret.replace('s3cret', 'another'));
    expect(check(b)).toEqual({ ok: true, value: undefined });
    expect(existsSync(identityFile)).toBe(true);
  });

  test('is left alone where the node has its identity from elsewhere', () => {
    writeFileSync(identityFile, secret);
    serve(a);
    expect(refuseForeignIdentity(paths.run, { ...b, identityFile: undefined }, now)).toEqual({ ok: true, value: undefined });
    expect(existsSync(identityFile)).toBe(true);
  });
});
