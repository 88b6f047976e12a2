import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, lstatSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keepJetpackIni } from '../config/jetpack-ini.ts';
import { beginAs, ownNames, readRecord, refuseForeignIdentity, type Beginning, type ServingInstance } from './instance-record.ts';
import { homePaths, type HomePaths } from './paths.ts';
import { prepareHome } from './prepare.ts';

const now = { at: Date.UTC(2026, 0, 1), begunAt: Date.UTC(2026, 0, 1) - 60_000 };

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

/** In the spool, from so long before or after the machine began. */
const spool = (name: string, ms: number): void => {
  const file = path.join(paths.spool, name);
  writeFileSync(file, '{}');
  utimesSync(file, new Date(now.begunAt + ms), new Date(now.begunAt + ms));
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

  test('that another machine served has set aside what waits in its spool from before this machine began', () => {
    begin(a);
    for (const name of ['1.json', 'rejected/2.json']) spool(name, -1);
    symlinkSync('nowhere', path.join(paths.spool, 'link'));
    lutimesSync(path.join(paths.spool, 'link'), 0, 0);
    const { aside, before } = begin(b);
    expect(before).toBe('vm-a');
    expect(aside).toEqual([expect.stringMatching(/spool\.aside-2026-/)]);
    expect([readdirSync(aside[0]!).sort(), readdirSync(path.join(aside[0]!, 'rejected'))]).toEqual([['1.json', 'link', 'rejected'], ['2.json']]);
    expect(lstatSync(aside[0]!).mode & 0o7777).toBe(0o750);
    expect([readdirSync(paths.spool), readdirSync(paths.rejected)]).toEqual([['rejected'], []]);
    expect(lstatSync(paths.spool).mode & 0o7777).toBe(0o1770);
    expect(begin(b)).toEqual({ before: undefined, aside: [] });
  });

  test('that another machine served has set aside what its scripts had marked as done there: here nothing is', () => {
    begin(a);
    for (const [name, ms] of [['grid.installed', -1], ['mine', 0]] as const) {
      writeFileSync(path.join(paths.chefState, name), '');
      utimesSync(path.join(paths.chefState, name), new Date(now.begunAt + ms), new Date(now.begunAt + ms));
    }
    const { aside } = begin(b);
    expect(aside).toEqual([expect.stringMatching(/chefstate\.aside-2026-/)]);
    expect([readdirSync(aside[0]!), readdirSync(paths.chefState), lstatSync(paths.chefState).mode & 0o7777]).toEqual([['grid.installed'], ['mine'], 0o750]);
    expect(begin(b)).toEqual({ before: undefined, aside: [] });
  });

  test('hands on what this machine itself has left in the spool before its daemon began', () => {
    begin(a);
    spool('old.json', -1);
    spool('own.json', 0);
    const { aside } = begin(b);
    expect([readdirSync(aside[0]!), readdirSync(paths.spool).sort()]).toEqual([['old.json'], ['own.json', 'rejected']]);
  });

  test('whose spool holds nothing of another machine has nothing to set aside', () => {
    begin(a);
    spool('own.json', 1);
    expect(begin(b)).toEqual({ before: 'vm-a', aside: [] });
    expect(readdirSync(paths.run).filter((name) => name.includes('aside'))).toEqual([]);
  });

  test('remembers under which names it was this machine\'s, and another machine has none of them', () => {
    begin({ id: 'dmi-1', knownAs: [] });
    const named = { id: 'i-1', knownAs: ['dmi-1'] };
    expect(ownNames(paths.run, named)).toEqual(['dmi-1']);
    begin(named);
    // Also at later starts, by whatever they know it.
    expect(ownNames(paths.run, { id: 'i-1', knownAs: [] })).toEqual(['dmi-1']);
    begin({ id: 'i-1', knownAs: [] });
    expect(ownNames(paths.run, { id: 'dmi-1', knownAs: ['i-1'] })).toEqual(['i-1']);
    // The same hardware, and another instance.
    expect(ownNames(paths.run, { id: 'i-2', knownAs: ['dmi-1'] })).toEqual([]);
    begin({ id: 'i-2', knownAs: ['dmi-1'] });
    expect(ownNames(paths.run, { id: 'i-2', knownAs: ['dmi-1'] })).toEqual([]);
  });

  test('has the names that are known where there is no record, or none of names', () => {
    expect(ownNames(paths.run, { id: 'i-1', knownAs: ['dmi-1'] })).toEqual(['dmi-1']);
    writeFileSync(path.join(paths.run, 'instance.json'), '{"instance":"i-1"}');
    expect(ownNames(paths.run, { id: 'i-1', knownAs: ['dmi-1'] })).toEqual(['dmi-1']);
  });

  test('knows on which machine it was served, and in which boot', () => {
    begin(a);
    expect(readRecord(paths.run)).toMatchObject({ instance: 'vm-a', machine: undefined });
    begin({ ...a, machine: { id: 'machine-1', bootId: 'boot-1' } });
    expect(readRecord(paths.run)).toMatchObject({ instance: 'vm-a', machine: { id: 'machine-1', bootId: 'boot-1' } });
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
  const check = (of: ServingInstance) => refuseForeignIdentity(paths.run, { ...of, identityFile }, now.at);

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

  test('that a copied disk brought along takes what programs are told of it along', () => {
    writeFileSync(identityFile, secret);
    keepJetpackIni(paths.config, { webserver: 'http://cc', username: 'n1', password: 's3cret', cluster: 'lab', instanceId: 'vm-a' });
    serve(a);
    check(a);
    expect(existsSync(path.join(paths.config, 'jetpack.ini'))).toBe(true);
    check(b);
    expect(existsSync(path.join(paths.config, 'jetpack.ini'))).toBe(false);
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
    expect(refuseForeignIdentity(paths.run, { ...b, identityFile: undefined }, now.at)).toEqual({ ok: true, value: undefined });
    expect(existsSync(identityFile)).toBe(true);
  });
});
