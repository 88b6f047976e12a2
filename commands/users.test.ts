import { describe, expect, test } from '@jest/globals';
import { runFake } from './testing/fake-host.ts';

const list = [
  { name: 'ana', fullName: 'Ana Pérez', uid: 20001, isAdmin: true, isOwner: true, publicKeys: ['ssh-ed25519 AAAA ana'], secret: 'hash' },
  { name: 'liu', fullName: 'Liu\nWei', uid: 20003, isAdmin: false, isOwner: false },
];

const users = (argv: readonly string[], node: Parameters<typeof runFake>[1] = { files: { users: JSON.stringify(list) } }) => runFake(['users', ...argv], node);

describe('jetpack users', () => {
  test('is a table on a terminal, and cells apart by tabs elsewhere', async () => {
    expect((await users([])).out).toBe('Username\tFull Name\tUID\tIs Admin\tIs Owner\nana\tAna Pérez\t20001\tTrue\tTrue\nliu\tLiu Wei\t20003\tFalse\tFalse\n');
    const { out } = await users([], { files: { users: JSON.stringify(list) }, terminal: { output: true, columns: 80 } });
    expect(out.split('\n')[1]).toBe('ana       Ana Pérez  20001  True      True');
  });

  test('as JSON is a list of what the original prints, and nothing else that the file holds', async () => {
    expect(JSON.parse((await users(['--json'])).out)).toEqual([
      { fullName: 'Ana Pérez', isAdmin: true, isOwner: true, name: 'ana', publicKeys: ['ssh-ed25519 AAAA ana'], uid: 20001 },
      { fullName: 'Liu\nWei', isAdmin: false, isOwner: false, name: 'liu', publicKeys: [], uid: 20003 },
    ]);
    expect((await users(['--output', 'json'])).out).toBe((await users(['--json'])).out);
  });

  test.each([[['--owner', '--json']], [['--json', '--owner']]])('%j is the one object of the owner', async (argv) => {
    expect(JSON.parse((await users(argv)).out)).toMatchObject({ name: 'ana', isOwner: true });
  });

  test('of a cluster whose owner is not known is a failure, for there is no object to print', async () => {
    expect(await users(['--owner', '--json'], { files: { users: '[]' } })).toMatchObject({ exit: 1, out: '', err: 'jetpack users: the cluster has no owner that this node knows of (key_missing)\n' });
    expect((await users(['--json'], { files: { users: '[]' } })).out).toBe('[]\n');
  });

  test('comes from the configuration where there is no file of its own', async () => {
    expect(JSON.parse((await users(['--json'], { config: JSON.stringify({ cyclecloud: { users: list } }) })).out)).toHaveLength(2);
    expect((await users(['--json'], { config: '{}' })).out).toBe('[]\n');
    expect(await users([], {})).toMatchObject({ exit: 1, out: '' });
  });

  test('with a file that is no list is a failure that says so', async () => {
    expect(await users([], { files: { users: '{"name": "ana"}' } })).toMatchObject({ exit: 1, err: 'jetpack users: config/auth.json is not a list of users (config_damaged)\n' });
  });
});
