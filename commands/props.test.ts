import { describe, expect, test } from '@jest/globals';
import { requestSchema } from '../protocol/local.ts';
import { ok } from '../protocol/result.ts';
import { runFake, type FakeNode, type Ran } from './testing/fake-host.ts';

const config = JSON.stringify({
  // As node/facts/ gathers it, which its own tests hold to these properties.
  os: 'linux',
  os_version: '5.14.0-427.el9.x86_64',
  platform: 'rocky',
  os_release: { name: 'Rocky Linux', id: 'rocky', id_like: ['rhel', 'centos', 'fedora'], version: '9.4 (Blue Onyx)', version_id: '9.4' },
  azure: { metadata: { compute: { subscriptionId: 's-1', vmSize: 'Standard_HB120rs_v3' } } },
  cyclecloud: { cluster: { name: 'lab', user: { name: 'ana' } }, config: { web_server: 'https://cc' }, node: { name: 'n1' } },
  hostname: 'ip-0A000004',
  ipaddress: '10.0.0.4',
  virtualization: { hypervisor_host: 'host-7.dc' },
});

const seen = async (argv: readonly string[], node: FakeNode = { config }): Promise<Ran> => {
  const { err, exit, out } = await runFake(['props', ...argv], node);
  return { exit, out, err };
};

describe('jetpack props get', () => {
  test.each([
    ['os.id', 'rocky'],
    ['os.id_like', 'rhel centos fedora'],
    ['os.version_id', '9.4'],
    ['azure.subscription_id', 's-1'],
    ['azure.vm_size', 'Standard_HB120rs_v3'],
    ['cyclecloud.url', 'https://cc'],
    ['cyclecloud.cluster', 'lab'],
    ['cyclecloud.owner', 'ana'],
    ['vm.hostname', 'ip-0A000004'],
    ['vm.ipv4', '10.0.0.4'],
    ['vm.physical_hostname', 'host-7.dc'],
  ])('%s comes from the configuration', async (key, value) => expect(await seen(['get', key])).toEqual({ exit: 0, out: `${value}\n`, err: '' }));

  test('all of them are nested JSON', async () => {
    const { exit, out } = await seen(['get', '--json']);
    expect([exit, JSON.parse(out)]).toMatchObject([0, { azure: { vm_size: 'Standard_HB120rs_v3' }, os: { id: 'rocky' } }]);
    expect((await seen(['get'])).out).toBe(out);
  });

  test('one is wrapped under its key with --json, an object is not', async () => {
    expect(JSON.parse((await seen(['get', 'os.id', '--json'])).out)).toEqual({ 'os.id': 'rocky' });
    expect(JSON.parse((await seen(['get', '--json', 'vm'])).out)).toEqual({ hostname: 'ip-0A000004', ipv4: '10.0.0.4', physical_hostname: 'host-7.dc' });
  });

  test('what was set stands over the configuration', async () => {
    const files = { properties: JSON.stringify({ os: { id: 'mine' }, rack: { name: 'r7' } }) };
    expect([(await seen(['get', 'os.id'], { config, files })).out, (await seen(['get', 'rack.name'], { config, files })).out]).toEqual(['mine\n', 'r7\n']);
    expect((await seen(['get', 'os.version_id'], { config, files })).out).toBe('9.4\n');
    expect((await seen(['get', 'rack.name'], { files })).out).toBe('r7\n');
  });

  test('a default is printed for one that is missing, and without it that is a failure', async () => {
    expect(await seen(['get', 'os.id_like', 'rhel'], { config: '{}' })).toEqual({ exit: 0, out: 'rhel\n', err: '' });
    expect(await seen(['get', 'os.nope'])).toEqual({ exit: 1, out: '', err: "jetpack props get: the node has no property 'os.nope' (key_missing)\n" });
  });

  test('of a node without files is what is wrong with them', async () => {
    const none = { exit: 1, out: '', err: 'jetpack props get: there is no node.json (file_unreadable)\n' };
    // What was set is an answer, and that something was not is none.
    const files = { properties: '{"rack": {"name": "r7"}}' };
    expect((await seen(['get', 'rack.name'], { files })).out).toBe('r7\n');
    for (const argv of [['os.id', 'rhel'], ['rack'], []]) expect(await seen(['get', ...argv], { files })).toEqual(none);
    expect(await seen(['get', 'os.id'], {})).toEqual({ exit: 1, out: '', err: 'jetpack props get: there is no node.json (file_unreadable)\n' });
  });
});

describe('jetpack props set', () => {
  test.each([
    [['set', 'rack.name', 'r7'], { key: 'rack.name', value: 'r7' }],
    [['set', 'rack.name', ''], { key: 'rack.name', value: '' }],
    [['set', 'a', '--', '-1'], { key: 'a', value: '-1' }],
    [['unset', 'rack.name'], { key: 'rack.name' }],
  ])('%j asks the daemon, on the socket of its own user', async (argv, expected) => {
    const { asked, exit, out } = await runFake(['props', ...argv], { answer: () => ok(null) });
    expect([exit, out, asked.map(({ socket }) => socket)]).toEqual([0, '', ['admin']]);
    expect(requestSchema.parse(asked[0]?.request)).toMatchObject({ verb: 'property', ...expected });
    expect(asked[0]?.request).toEqual(expect.objectContaining({ at: expect.any(Number) }));
  });

  test.each([
    [['set', 'a..b', '1'], 'the key is not words joined by dots'],
    [['set', '', '1'], 'the key is not words joined by dots'],
    [['set', 'a\nb', '1'], 'the key is not words joined by dots'],
    [['set', '__proto__.x', '1'], 'the key is not words joined by dots'],
    [['set', 'x'.repeat(256), '1'], 'the key has 256 characters: at most 255 are allowed'],
    [['set', 'a', 'x'.repeat(65_537)], 'the value has more than 65536 bytes, the most that is allowed'],
    [['set', 'a'], "missing required argument 'value'"],
    [['sit', 'a'], "unknown command 'sit' (Did you mean set?)"],
  ])('%j is refused before anybody is asked', async (argv, why) => {
    const { asked, err, exit } = await runFake(['props', ...argv]);
    expect([exit, asked, err]).toEqual([2, [], expect.stringContaining(why)]);
  });

  test('with the daemon away is a failure, and nothing changed', async () => {
    expect(await seen(['set', 'a', '1'])).toEqual({ exit: 1, out: '', err: 'jetpack props set: jetpackd is not running (daemon_unreachable)\n' });
  });
});
