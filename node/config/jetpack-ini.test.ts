import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '../../effects/manual-clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { NodeConfigFile } from './config-file.ts';
import { forProgramsOf, keepJetpackIni, type ForPrograms } from './jetpack-ini.ts';

const told: ForPrograms = { webserver: 'https://cc:9443/cyclecloud', username: 'jetpack.lab.n1', password: 'p%w', cluster: 'lab', instanceId: 'i-1' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-ini-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (): string => path.join(folder, 'jetpack.ini');
const text = (): string => readFileSync(file(), 'utf8');

test('has the sections that programs look for, for its owner alone', () => {
  expect(keepJetpackIni(folder, told)).toBe(true);
  expect(text().split('\n').slice(1)).toEqual(['', '[cycle_server]', 'webserver = https://cc:9443/cyclecloud', 'api_username = jetpack.lab.n1', 'api_password = p%w', '', '[identity]', 'cluster_name = lab', 'instance_id = i-1', '']);
  expect([lstatSync(file()).mode & 0o777, readdirSync(folder)]).toEqual([0o600, ['jetpack.ini']]);
});

test('says nothing of an instance that is not known yet, and does once it is', () => {
  const { instanceId: _unknown, ...early } = told;
  keepJetpackIni(folder, early);
  expect(text()).not.toContain('instance_id');
  keepJetpackIni(folder, told);
  expect(text()).toContain('instance_id = i-1\n');
});

test('is not written again when it says the same, and is gone when there is nothing to say', () => {
  keepJetpackIni(folder, told);
  const { ino } = lstatSync(file());
  keepJetpackIni(folder, told);
  expect(lstatSync(file()).ino).toBe(ino);
  expect([keepJetpackIni(folder, undefined), existsSync(file())]).toEqual([true, false]);
});

test('that somebody else wrote stays as it is', () => {
  writeFileSync(file(), '[cycle_server]\nwebserver=mine\n');
  expect([keepJetpackIni(folder, told), keepJetpackIni(folder, undefined), text()]).toEqual([false, false, '[cycle_server]\nwebserver=mine\n']);
});

test.each([
  ['a line of its own', { webserver: 'https://cc\n[identity]' }],
  ['no cluster', { cluster: '' }],
  ['no instance', { instanceId: '' }],
])('with %s it would say something else, and is not there', (_what, more) => {
  keepJetpackIni(folder, told);
  expect([keepJetpackIni(folder, { ...told, ...more }), existsSync(file())]).toEqual([true, false]);
});

test('that cannot be looked at throws', () => {
  mkdirSync(file());
  expect(() => keepJetpackIni(folder, told)).toThrow('EISDIR');
});

test('is what the configuration says, when that says all of it', () => {
  const config = { web_server: told.webserver, username: told.username, password: told.password };
  const tree = { cyclecloud: { config, cluster: { name: 'lab' }, instance: { id: 'i-1' } } };
  expect(forProgramsOf(tree)).toEqual(told);
  for (const name of Object.keys(config)) for (const value of ['', null, 5]) expect(forProgramsOf({ cyclecloud: { ...tree.cyclecloud, config: { ...config, [name]: value } } })).toBeUndefined();
  expect(forProgramsOf({})).toBeUndefined();
});

describe('beside node.json', () => {
  const identity = { cluster: 'lab', node: 'n1', instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', executable: '/bin/jetpack', home: '/home' };
  const access = { cyclecloud: { config: { web_server: 'http://cc:8080', username: 'jetpack.lab.n1', password: 'pw' } } };
  const open = (): NodeConfigFile => new NodeConfigFile({ config: folder, identity, access, clock: new ManualClock(), logger: silentLogger });
  const keep = (node: NodeConfigFile, configuration = {}) => {
    const { notices, outcome } = node.keep({ configuration, facts: {} });
    return [outcome.ok, ...notices.map(({ text: notice }) => notice.replaceAll(folder, ''))];
  };

  test('it says the same, with the instance, and follows what the template says of the server', () => {
    keepJetpackIni(folder, { webserver: 'http://cc:8080', username: 'jetpack.lab.n1', password: 'pw', cluster: 'lab' });
    const node = open();
    expect(keep(node)).toEqual([true]);
    expect(text()).toMatch(/^webserver = http:\/\/cc:8080\n[^]*^cluster_name = lab\ninstance_id = i-1\n/m);
    keep(node, { cyclecloud: { config: { web_server: 'https://proxy' } } });
    expect(text()).toContain('webserver = https://proxy\napi_username = jetpack.lab.n1\n');
  });

  test('it is no reason not to keep node.json: what is in its way is told once', () => {
    writeFileSync(file(), '[cycle_server]\n');
    const node = open();
    expect([keep(node), keep(node)]).toEqual([[true, '/jetpack.ini was written by somebody else and stays as it is'], [true]]);
    rmSync(file());
    mkdirSync(file());
    expect([keep(node), keep(node)]).toEqual([[true, '/jetpack.ini cannot be written (EISDIR)'], [true]]);
  });
});
