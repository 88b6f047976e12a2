// The Python module `jetpack`: its own tests, run by the system's Python, and what it and the agent must agree on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nodeHost } from '../cli/node-host.ts';
import { TestHome } from '../cli/testing/daemon.ts';
import { propertySources } from '../commands/properties.ts';
import { run as runJetpack } from '../commands/run.ts';
import { systemClock } from '../effects/clock.ts';
import { silentLogger } from '../effects/logger.ts';
import { seededRandom } from '../effects/random.ts';
import { identityLayer, mergeLayers } from '../node/config/layers.ts';
import { gatherFacts } from '../node/facts/gather.ts';
import { binFolder } from '../node/version.ts';
import { readSpoolFile } from '../node/spool/read.ts';
import { autoscaleLimits } from '../protocol/autoscale-limits.ts';
import { errors } from '../protocol/errors.ts';
import { installationStatuses } from '../protocol/events.ts';

const folder = path.resolve(import.meta.dirname, '..', 'python');

/** The system's: another Python may stand earlier on the PATH. */
const interpreter = '/usr/bin/python3';

/** What a command said. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const run = async (command: string, args: readonly string[], home?: string, input = ''): Promise<Ended> => {
  const named = home === undefined ? {} : { JETPACK_HOME: home };
  const child = spawn(command, args, { cwd: folder, env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1', ...named } });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
};

const quiet = { code: 0, stdout: '', stderr: '' };

const python = (script: string, home?: string, input?: string): Promise<Ended> => run(interpreter, ['-c', script], home, input);

test('its own tests pass', async () => {
  const { code, stderr } = await run(interpreter, ['-m', 'unittest']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/\nRan \d{3,} tests in .*\n\nOK\n/) });
}, 120_000);

test('what it recommends for a code is what the list of codes says', async () => {
  const { stdout } = await python('import json; from jetpack._errors import REMEDIES; print(json.dumps(REMEDIES))');
  const recommended = JSON.parse(stdout) as Readonly<Record<string, string>>;
  const listed = new Map(Object.entries(errors).map(([code, { remedy }]) => [code, remedy]));
  expect(recommended).toEqual(Object.fromEntries(Object.keys(recommended).map((code) => [code, listed.get(code)])));
  expect(Object.keys(recommended)).toContain('home_unusable');
});

describe('with the agent', () => {
  let home: TestHome;

  beforeEach(() => {
    home = new TestHome();
  });
  afterEach(() => home.remove());

  test('a message reaches its socket, whole', async () => {
    const requests = await home.daemon();
    expect(await python(String.raw`import jetpack; jetpack.log("grün\n\0", "warn")`, home.home)).toEqual(quiet);
    expect(requests).toEqual([
      { verb: 'log', id: expect.any(String), at: expect.any(Number), level: 'warn', priority: 'medium', message: 'grün\n\0', remainingMs: expect.any(Number) },
    ]);
  });

  test('a refusal comes with its words', async () => {
    await home.refusingDaemon('outbox_full', 'the outbox is full');
    const { code, stderr, stdout } = await python('import jetpack; jetpack.log("message")', home.home);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`\njetpack.util.UserError: the outbox is full. Recommendation: ${errors.outbox_full.remedy}\n`);
  });

  test('a message left in the spool is one that the daemon reads', async () => {
    expect(await python('import jetpack; jetpack.log("message")', home.home)).toEqual({
      code: 0,
      stdout: '',
      stderr: `jetpackd is not running: the message waits in ${home.paths.spool}\n`,
    });
    const names = readdirSync(home.paths.spool).filter((name) => name.endsWith('.json'));
    const files = await Promise.all(names.map((name) => readSpoolFile(path.join(home.paths.spool, name))));
    expect(files).toEqual([{ type: 'request', request: { verb: 'log', id: expect.any(String), at: expect.any(Number), level: 'info', priority: 'medium', message: 'message' } }]);
  });
});

describe('the bounds of what is sent', () => {
  test('are those of the agent', async () => {
    const { stdout } = await python('import json; from jetpack import _bounds, converge; print(json.dumps([_bounds.NAME, _bounds.TARGETS, _bounds.ATTRIBUTES, _bounds.COUNT, converge._STATUSES]))');
    const { attributes, name, targets } = autoscaleLimits;
    expect(JSON.parse(stdout)).toEqual([name, targets, attributes, Number.MAX_SAFE_INTEGER, installationStatuses]);
  });

  /** How the daemon would read what waits in the spool after a script. */
  const waiting = async (script: string): Promise<readonly string[]> => {
    const home = new TestHome();
    try {
      expect(await python(script, home.home)).toMatchObject({ code: 0 });
      const names = readdirSync(home.paths.spool).filter((name) => name.endsWith('.json'));
      return await Promise.all(names.map(async (name) => (await readSpoolFile(path.join(home.paths.spool, name))).type));
    } finally {
      await home.remove();
    }
  };

  test('leave nothing in the spool that the daemon would refuse', async () => {
    expect(
      await waiting(String.raw`
import jetpack
deep = 1
for _ in range(60):
    deep = (deep,)
array = {"Name": "\U0001f680" * 127, "TargetCoreCount": 2**53 - 1}
jetpack.autoscale.update([dict(array, Note="\u00e9" * 8181)])
jetpack.autoscale.update([dict(array, Note=deep)])
jetpack.autoscale.update([{"Name": str(n), "TargetCount": n} for n in range(1000)])
jetpack.converge._send_installation_status("success", "x" * 10000)
`),
    ).toEqual(['request', 'request', 'request', 'request']);
  });
});

/** Up to a length the sockets stand in the home, beyond that elsewhere. */
test.each([60, 85, 86, 87, 90, 91, 120])('a daemon is found in a home whose path has %i bytes', async (bytes) => {
  const home = new TestHome('x'.repeat(bytes - Buffer.byteLength(path.join(tmpdir(), `cli-${'x'.repeat(6)}`)) - 1));
  try {
    expect(Buffer.byteLength(home.paths.home)).toBe(bytes);
    const requests = await home.daemon();
    await python('import jetpack; jetpack.log("message")', home.paths.home);
    expect(requests).toMatchObject([{ message: 'message' }]);
  } finally {
    await home.remove();
  }
});

describe('what is read from files', () => {
  const tree = {
    cyclecloud: { node: { name: 'n1', id: null }, cluster: { autoscale: { start_enabled: true, stop_enabled: false, stop_interval: 60 } } },
    roles: ['scheduler', "it's"],
    luns: [0, 1, 2],
    disks: [{ size: 1.5 }, { sizes: [] }],
    text: 'true',
    empty: '',
    umlaut: 'grün \u{1F680}\n',
    none: {},
    'a.b': { c: 'dotted', d: 1 },
    a: { b: { c: 'path', e: 2 }, 'b.f': 3 },
    '': { '': 'nothing' },
  };

  const keysOf = (value: unknown): string[] =>
    typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, member]) => [name, ...keysOf(member).map((key) => `${name}.${key}`)]) : [];

  const words = { config: ['config'], props: ['props', 'get'] } as const;
  type Command = keyof typeof words;

  /** Of what the command line said about keys, those on which Python does not say the same. */
  const compare = (command: Command): string => `
import json, sys
from jetpack import ${command} as module
for key, said in json.load(sys.stdin).items():
    try:
        value = module.get(key)
        ours = [0, str(value) + "\\n", value if isinstance(value, dict) else {key: value}]
    except module.ConfigError as error:
        ours = [1, "", "jetpack ${words[command].join(' ')}: %s (%s)\\n" % (error, error.code)]
    theirs = [said["code"], said["text"], said["stderr"] if said["code"] else json.loads(said["json"])]
    if ours != theirs:
        print(json.dumps([key, ours, theirs]))
`;

  type CommandLine = (home: string, args: readonly string[]) => Promise<Ended>;

  /** The Node form, without a process for each run. */
  const inProcess: CommandLine = async (home, argv) => {
    let stdout = '';
    let stderr = '';
    const code = await runJetpack(
      nodeHost({
        argv,
        env: { JETPACK_HOME: home },
        cwd: folder,
        terminal: () => ({ output: false, columns: 80 }),
        input: async function* nothing() {},
        out: (text) => (stdout += text),
        err: (text) => (stderr += text),
        clock: systemClock,
        random: seededRandom(1),
      }),
    );
    return { code: code ?? null, stdout, stderr };
  };

  const launched: CommandLine = (home, args) => run(path.join(binFolder, 'jetpack'), args, home);

  interface Compared {
    readonly command?: Command;
    readonly commandLine?: CommandLine;
    /** Of properties.json; absent: there is none. */
    readonly properties?: string;
  }

  /** What Python's comparison prints for a home with this node.json: nothing when both agree on every key. */
  const differences = async (nodeJson: string, keys: readonly string[], { command = 'config', commandLine = inProcess, properties }: Compared = {}): Promise<Ended> => {
    const home = new TestHome();
    try {
      mkdirSync(home.paths.config);
      writeFileSync(path.join(home.paths.config, 'node.json'), nodeJson);
      if (properties !== undefined) writeFileSync(path.join(home.paths.config, 'properties.json'), properties);
      const said: Record<string, unknown> = {};
      for (const key of keys) {
        const { code, stderr, stdout } = await commandLine(home.home, [...words[command], '--', key]);
        said[key] = { code, stderr, text: stdout, json: (await commandLine(home.home, [...words[command], '--json', '--', key])).stdout };
      }
      return await python(compare(command), home.home, JSON.stringify(said));
    } finally {
      await home.remove();
    }
  };

  test('says of every key of a tree what the command line says', async () => {
    const keys = new Set(keysOf(tree));
    expect(keys.size).toBeGreaterThan(30);
    expect(await differences(JSON.stringify(tree), [...keys])).toEqual(quiet);
    expect(await differences(JSON.stringify(tree), ['cyclecloud.node', 'roles'], { commandLine: launched })).toEqual(quiet);
  }, 60_000);

  test('misses what the command line misses, in the same words', async () => {
    const keys = ['nope', 'roles.2', 'roles.01', 'a.', '.a', 'text.length', 'cyclecloud..node', 'toString'];
    expect(await differences(JSON.stringify(tree), keys)).toEqual(quiet);
    expect(await differences(JSON.stringify(tree), ['nope'], { commandLine: launched })).toEqual(quiet);
  }, 60_000);

  test('reads numbers and strings as the command line does', async () => {
    const values = ['1.0', '-0', '-0.0', '1e5', '1E400', '0.1', '12345678901234567890', '1e16', '0.00001', String.raw`"\ud83d\ude80\u0000\""`, '[1.0, null, true, "x"]'];
    const nodeJson = `{${values.map((value, index) => `"k${index}": ${value}`).join(', ')}}`;
    expect(await differences(nodeJson, values.map((_, index) => `k${index}`))).toEqual(quiet);
  });

  test('says of a damaged file what the command line says', async () => {
    for (const damaged of ['', '{', '[]', '{"a": NaN}', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, '\u{FEFF}{}']) {
      expect(await differences(damaged, ['a'])).toEqual(quiet);
    }
  });

  test('is the same of properties: of every one there is, of what was set, and of what is none', async () => {
    const facts = await gatherFacts({ clock: systemClock, logger: silentLogger });
    const identity = { cluster: 'lab', node: 'n1', instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', executable: '/bin/jetpack', home: '/home' };
    const compute = { subscriptionId: 's-1', vmSize: 'Standard_HB120rs_v3', location: 'westeurope', resourceGroupName: 'rg' };
    const server = { cyclecloud: { config: { web_server: 'https://cc' }, cluster: { user: { name: 'ana' } } } };
    const nodeJson = JSON.stringify(mergeLayers([server, identityLayer(identity), { ...facts, ipaddress: '10.0.0.4', virtualization: { hypervisor_host: 'host-7' } }, { azure: { metadata: { compute } } }]));
    const properties = JSON.stringify({ os: { id_like: 'mine', extra: 'x' }, rack: { name: 'r7' } });
    const derived = ['os', 'os.id', 'os.id_like', 'os.version', 'os.version_id', 'azure.subscription_id', 'azure.vm_size', 'azure.location', 'azure.resource_group', 'cyclecloud', 'cyclecloud.url', 'cyclecloud.cluster', 'cyclecloud.node', 'cyclecloud.owner', 'vm.hostname', 'vm.ipv4', 'vm.physical_hostname'];
    const keys = [...derived, 'os.extra', 'rack', 'rack.name', 'hostname', 'os_release.id', 'cyclecloud.node.name', 'nope'];
    for (const set of [{}, { properties }, { properties: '[]' }]) expect(await differences(nodeJson, keys, { command: 'props', ...set })).toEqual(quiet);
    expect(await differences('{', keys, { command: 'props', properties })).toEqual(quiet);
    expect(await differences('{', ['os.id'], { command: 'props' })).toEqual(quiet);
  }, 60_000);

  test('lists the same properties in Python as for the command line', async () => {
    const { stdout } = await python('import json; from jetpack.props import _SOURCES; print(json.dumps(_SOURCES))');
    expect(JSON.parse(stdout)).toEqual(propertySources);
  });
});
