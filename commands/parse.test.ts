import { describe, expect, test } from '@jest/globals';
import { levels, priorities } from '../protocol/events.ts';
import { parseCommandLine } from './parse.ts';
import { log, see } from './testing/see-line.ts';

describe('log, as scripts in the field call it', () => {
  test.each([
    [['slurmrestd failed to start', '--level=warn', '--priority=medium'], log('slurmrestd failed to start', 'warn', 'medium')],
    [['$NODE received button/power.* event, autostopping...'], log('$NODE received button/power.* event, autostopping...', 'info', 'medium')],
    [['ERROR : Node Health Checks failed - $(hostname) - $PHYSICAL_HOST - $NOTE', '--level', 'error'], log('ERROR : Node Health Checks failed - $(hostname) - $PHYSICAL_HOST - $NOTE', 'error', 'high')],
    [['performing shutdown.. '], log('performing shutdown.. ', 'info', 'medium')],
    [['Update RDP configuration', '--level', 'info', '--priority', 'low'], log('Update RDP configuration', 'info', 'low')],
    [['Successfully join domain {{ ad_join_domain }}'], log('Successfully join domain {{ ad_join_domain }}', 'info', 'medium')],
    [['End of configure rdp script', '--level', 'info'], log('End of configure rdp script', 'info', 'medium')],
    [['system is now ready', '--priority', 'low'], log('system is now ready', 'info', 'low')],
    [['the machine cannot process jobs', '--level', 'error', '--priority', 'low'], log('the machine cannot process jobs', 'error', 'low')],
    [['-p', 'low', 'hostname changed'], log('hostname changed', 'info', 'low')],
  ])('%j', (args, expected) => expect(see('log', ...args)).resolves.toEqual(expected));
});

describe('log', () => {
  test.each([
    ['info', 'medium'],
    ['warn', 'medium'],
    ['error', 'high'],
  ])('level %s has priority %s unless told otherwise', async (level, priority) => {
    await expect(see('log', 'text', '--level', level)).resolves.toEqual(log('text', level, priority));
    for (const given of priorities) await expect(see('log', 'text', '--level', level, '-p', given)).resolves.toEqual(log('text', level, given));
  });

  test('every level and priority of the protocol is taken', async () => {
    for (const level of levels) for (const priority of priorities) await expect(see('log', 'text', `--level=${level}`, `-p${priority}`)).resolves.toEqual(log('text', level, priority));
  });

  test.each([
    [['--level', 'error', 'text', '-p', 'low']],
    [['--level=error', '--priority=low', 'text']],
    [['text', '-plow', '--level=error']],
    [['--level', 'error', '-p', 'low', '--', 'text']],
    [['-p', 'high', 'text', '-p', 'low', '--level', 'error']],
  ])('options stand before or after the message, and the last one counts: %j', (args) => expect(see('log', ...args)).resolves.toEqual(log('text', 'error', 'low')));

  test.each(['-x', '--level', '-h', '--home', '- a list', '--'])('a message may be %j after --', async (message) => {
    await expect(see('log', '--', message)).resolves.toEqual(log(message, 'info', 'medium'));
    await expect(see('log', '--level', 'warn', '--', message)).resolves.toEqual(log(message, 'warn', 'medium'));
  });

  test('an empty message is a message: a script whose variable is empty must not fail for it', async () => {
    await expect(see('log', '')).resolves.toEqual(log('', 'info', 'medium'));
  });
});

describe('send', () => {
  const send = (body: object) => ({ command: 'send', routingKey: 'service.grid', body });

  test.each([
    [['text', '--routing-key', 'service.grid'], { type: 'text', text: 'text' }],
    [['--routing-key=service.grid', 'text'], { type: 'text', text: 'text' }],
    [['-r', 'service.grid', '--', '-text'], { type: 'text', text: '-text' }],
    [['--routing_key', 'service.grid', ''], { type: 'text', text: '' }],
    [['--file', 'config/service.d/grid.json', '-r', 'service.grid'], { type: 'file', path: 'config/service.d/grid.json' }],
    [['-f', '/dev/stdin', '-r', 'service.grid'], { type: 'file', path: '/dev/stdin' }],
    [['--file=-', '-rservice.grid'], { type: 'input' }],
  ])('%j', (args, body) => expect(see('send', ...args)).resolves.toEqual(send(body)));

  test.each([
    [['-H', 'unit=7', '--header', 'formula=a=b', '-Hunit=8', '-H', 'empty='], { headers: { unit: '8', formula: 'a=b', empty: '' } }],
    [['--content-type', 'text/csv'], { contentType: 'text/csv' }],
    [['--exchange=user'], { exchange: 'user' }],
    [['--no-persistent'], { persistent: false }],
    [['--persistent'], {}],
  ])('%j', (args, more) => expect(see('send', 'text', '-r', 'service.grid', ...args)).resolves.toEqual({ ...send({ type: 'text', text: 'text' }), ...more }));
});

describe('the home', () => {
  test.each([
    [['--home', '/h', 'log', 'text']],
    [['--home=/h', 'log', 'text']],
    [['log', '--home', '/h', 'text']],
    [['log', 'text', '--home=/h']],
    [['--home', '/other', 'log', 'text', '--home', '/h']],
  ])('is given before or after the command: %j', (args) => expect(see(...args)).resolves.toEqual({ home: '/h', ...log('text', 'info', 'medium') }));
});

describe('what is wrong is one line that names it and what would be right', () => {
  test.each([
    [[], 'jetpack: a command is missing: one of autoscale, completion, condition, config, converge, download, health, hostname-changed, inspect, keepalive, log, props, report_issue, run_on_shutdown, send, shutdown, status, sync, test, users; see jetpack --help'],
    [['sync'], 'jetpack sync: a command is missing: one of wait; see jetpack sync --help'],
    [['sync', 'wiat'], "jetpack sync: unknown command 'wiat' (Did you mean wait?); see jetpack sync --help"],
    [['sync', 'wait'], "jetpack sync wait: required option '--role <role>' not specified; see jetpack sync wait --help"],
    [['sync', 'wait', '--role', ''], "jetpack sync wait: option '--role <role>' is not a name of 1 to 255 characters; see jetpack sync wait --help"],
    [['sync', 'wait', '--role', 'r', '--phase', 'steady'], "jetpack sync wait: option '--phase <phase>' argument 'steady' is invalid. Allowed choices are starting, converging, ready, failed, stopping; see jetpack sync wait --help"],
    [['sync', 'wait', '--role', 'r', '--count', '0'], "jetpack sync wait: option '--count <n>' is not a whole number from 1 to 999999; see jetpack sync wait --help"],
    [['sync', 'wait', '--role', 'r', '--timeout', '6x'], "jetpack sync wait: option '--timeout <time>': '6x' is not a duration: write 500ms, 20s, 5m, 1h, 2d or 1w; see jetpack sync wait --help"],
    [['sync', 'wait', '--role', 'r', '--timeout', '8d'], "jetpack sync wait: option '--timeout <time>' is not between 1ms and 1w; see jetpack sync wait --help"],
    [['status', 'now'], "jetpack status: too many arguments for 'status'. Expected 0 arguments but got 1: now; see jetpack status --help"],
    [['converge', '--rerun'], "jetpack converge: unknown option '--rerun'; see jetpack converge --help"],
    [['keepalive', '6x'], expect.stringMatching(/^jetpack keepalive: '6x' is not a duration: .*; see jetpack keepalive --help\n$/)],
    [['keepalive', '-1h'], expect.stringMatching(/^jetpack keepalive: '-1h' is not a duration: .*\n$/)],
    [['lgo', 'text'], "jetpack: unknown command 'lgo' (Did you mean log?); see jetpack --help"],
    [['--bogus'], "jetpack: unknown option '--bogus'; see jetpack --help"],
    [['--home'], "jetpack: option '--home <dir>' argument missing; see jetpack --help"],
    [['--home=', 'log', 'text'], "jetpack: option '--home <dir>' is empty; see jetpack --help"],
    [['log'], "jetpack log: missing required argument 'message'; see jetpack log --help"],
    [['log', 'two', 'words'], "jetpack log: too many arguments for 'log'. Expected 1 argument but got 2: two, words; quote a message of several words; see jetpack log --help"],
    [['log', 'text', '--level'], "jetpack log: option '--level <level>' argument missing; see jetpack log --help"],
    [['log', 'text', '--level', 'loud'], "jetpack log: option '--level <level>' argument 'loud' is invalid. Allowed choices are info, warn, error; see jetpack log --help"],
    [['log', 'text', '-p', 'HIGH'], "jetpack log: option '-p, --priority <priority>' argument 'HIGH' is invalid. Allowed choices are low, medium, high; see jetpack log --help"],
    [['log', '-text'], "jetpack log: unknown option '-text'; a message that starts with a dash goes after --; see jetpack log --help"],
    [['send', 'text'], "jetpack send: option '--routing-key <key>' is missing; see jetpack send --help"],
    [['send', '-r', 'a.b'], 'jetpack send: nothing to send: give a message, --file PATH or --file - for standard input; see jetpack send --help'],
    [['send', '-f', '', '-r', 'a.b'], "jetpack send: option '-f, --file <path>' is empty; see jetpack send --help"],
    [['send', 'text', '-f', 'file', '-r', 'a.b'], 'jetpack send: give a message or --file, not both; see jetpack send --help'],
    [['send', 'text', '-r', 'a.b', '-H', 'nameless'], "jetpack send: option '-H, --header <name=value>' has no name and value, as in -H unit=7; see jetpack send --help"],
    [['send', 'text', '-r', 'a.b', '-H', 'CC=all'], 'jetpack send: the header CC is not yours to set; see jetpack send --help'],
    [['send', 'text', '-r', 'a.b', '-H', 'a b=c'], 'jetpack send: the name of a header is not of 1 to 128 letters, digits and _ - . $ #; see jetpack send --help'],
    [['send', 'text', '-r', 'a.b', '--content-type', ''], "jetpack send: option '--content-type <type>' is not a name of 1 to 255 bytes; see jetpack send --help"],
    [['send', 'text', '-r', 'a.b', '--exchange', ''], "jetpack send: option '--exchange <name>' is not a name of 1 to 255 bytes; see jetpack send --help"],
    [['condition'], 'jetpack condition: a command is missing: one of set; see jetpack condition --help'],
    [['condition', 'set', '-n', 'gpu', '-s', 'Fine'], "jetpack condition set: option '-s, --status <status>' argument 'Fine' is invalid. Allowed choices are OK, Warning, Error, NA; see jetpack condition set --help"],
    [['autoscale', '--corecount', 'x'], "jetpack autoscale: option '--corecount <n>' is not a whole number from 0 on; see jetpack autoscale --help"],
    [['shutdown', '--now'], "jetpack shutdown: unknown option '--now'; see jetpack shutdown --help"],
    [['run_on_shutdown'], 'jetpack run_on_shutdown: nothing to run: give the absolute path of a script, --list or --remove PATH; see jetpack run_on_shutdown --help'],
    [['run-on-shutdown', '/a.sh', '-x'], "jetpack run-on-shutdown: unknown option '-x'; what is meant for the script goes after --; see jetpack run-on-shutdown --help"],
    [['hostname-changed', 'n7'], "jetpack hostname-changed: too many arguments for 'hostname-changed'. Expected 0 arguments but got 1: n7; see jetpack hostname-changed --help"],
    [['send', 'text', '-r', ''], 'jetpack send: the routing key is empty: give words joined by dots (routing_key_invalid)'],
    [['send', 'text', '-r', 'a\nb'], 'jetpack send: the routing key holds a control character (routing_key_invalid)'],
    [['send', 'text', '-r', 'x'.repeat(256)], 'jetpack send: the routing key has 256 bytes: at most 255 are allowed (routing_key_invalid)'],
  ])('%j', (argv, line) => expect(see(...argv)).resolves.toEqual(typeof line === 'string' ? `${line}\n` : line));

  test('also when what was given has line breaks, control characters or a hundred thousand letters', async () => {
    await expect(see('log', 'text', '--a\nb\u001B[31m')).resolves.toBe("jetpack log: unknown option '--a b\u{FFFD}[31m'; a message that starts with a dash goes after --; see jetpack log --help\n");
    await expect(see(`x${'y'.repeat(100_000)}`)).resolves.toMatch(/^jetpack: unknown command 'xy+…y+'; see jetpack --help\n$/);
  });
});

describe('other commands', () => {
  test.each([
    [['config'], { command: 'config', json: false }],
    [['config', 'a.b', '', '--json'], { command: 'config', key: 'a.b', fallback: '', json: true }],
    [['config', '--json', 'a.b'], { command: 'config', key: 'a.b', json: true }],
    [['converge', '--plan'], { command: 'converge', plan: true, rerunScripts: false }],
    [['converge', '--rerun-scripts'], { command: 'converge', plan: false, rerunScripts: true }],
    [['health', '--run', '--json'], { command: 'health', run: true, json: true }],
    [['inspect'], { command: 'inspect', json: false }],
    [['status', '--json'], { command: 'status', json: true }],
    [['keepalive'], { command: 'keepalive', action: 'set', durationMs: 3_600_000 }],
    [['keepalive', 'forever', '--reason', 'looking'], { command: 'keepalive', action: 'set', reason: 'looking' }],
    [['keepalive', 'show'], { command: 'keepalive', action: 'show' }],
    [['sync', 'wait', '--role', 'scheduler', '--phase', 'ready', '--timeout', '5m'], { command: 'sync wait', role: 'scheduler', phase: 'ready', timeoutMs: 300_000 }],
    [['sync', 'wait', '--role', 'scheduler', '--timeout', '2d'], { command: 'sync wait', role: 'scheduler', phase: 'ready', timeoutMs: 172_800_000 }],
    [['sync', 'wait', '--role', 'scheduler', '--timeout=1w'], { command: 'sync wait', role: 'scheduler', phase: 'ready', timeoutMs: 604_800_000 }],
    [['sync', 'wait', '--role=execute', '--count=2'], { command: 'sync wait', role: 'execute', phase: 'ready', count: 2, timeoutMs: 300_000 }],
  ] as const)('%j', async (argv, invocation) => {
    const parsed = await parseCommandLine([...argv, '--home', '/h'], '0');
    expect(parsed.type === 'invoked' && JSON.parse(JSON.stringify({ home: parsed.home, invocation: parsed.work.invocation }))).toEqual({ home: '/h', invocation });
  });
});

describe('help and version', () => {
  test.each([['-v'], ['--version'], ['log', '-v'], ['send', '--version']])('%s %s is one line: dotted integers, a dash, a build', async (...argv) => {
    await expect(see(...argv)).resolves.toBe('0.1.0-7\n');
  });

  test.each(['-h', '--help'])('jetpack %s', (flag) =>
    expect(see(flag)).resolves.toBe(`Usage: jetpack [options] [command]

Speaks to jetpackd, the agent on this node of the cluster.

Options:
  --home <dir>      the node's home (default: JETPACK_HOME, CYCLECLOUD_HOME or /opt/cycle/jetpack)
  -v, --version     print the version
  -h, --help        print this text

Commands:
  autoscale         ask for cores or machines
  completion        print a script that completes the command line in a shell
  condition         report a condition of this node
  config            read the node's configuration
  converge          run the scripts of the projects that have not run yet
  download          bring a blob of a project from the project's locker
  health            what the health checks found
  hostname-changed  tell that the host was renamed
  inspect           show the daemon's actors
  keepalive         hold off the termination of an unhealthy node
  log               report a message to the cluster
  props             read or set properties of the node
  report_issue      pack logs and configuration for whoever looks into a problem
  run_on_shutdown   have a script run before the node is ended
  send              send a message of your own through the broker
  shutdown          ask the server to end this node
  status            this node at a glance
  sync              keep step with the other nodes
  test              run the tests of all projects
  users             show the cluster's users
`),
  );

  test.each(['-h', '--help'])('jetpack log %s', (flag) =>
    expect(see('log', flag)).resolves.toBe(`Usage: jetpack log [options] <message>

Reports a message: to the event log of the server, and from priority medium on to the cluster page.
While jetpackd is away the message waits on disk and is reported when it is back.

Arguments:
  message                    the text; after -- it may start with a dash

Options:
  --level <level>            how serious it is (choices: "info", "warn", "error", default: "info")
  -p, --priority <priority>  how prominent it is (default: high for level error, else medium)
                             (choices: "low", "medium", "high")
  -h, --help                 print this text

Global Options:
  --home <dir>               the node's home (default: JETPACK_HOME, CYCLECLOUD_HOME or
                             /opt/cycle/jetpack)
  -v, --version              print the version

Examples:
  jetpack log 'the scheduler is ready'
  jetpack log 'slurmd does not start' --level error -p low
`),
  );

  test.each(['-h', '--help'])('jetpack send %s', (flag) =>
    expect(see('send', flag)).resolves.toBe(`Usage: jetpack send [options] [message]

Sends a message or a file to the user's exchange of the broker, under a routing key of your choice.
While jetpackd is away the message waits on disk and is sent when it is back.

Arguments:
  message                    the text; after -- it may start with a dash

Options:
  -f, --file <path>          send what this file holds; - is standard input
  -r, --routing-key <key>    words joined by dots (required)
  -H, --header <name=value>  a header of the message; may be given again for another one
  --content-type <type>      what the message is (default: JSON, text or bytes, as it looks)
  --exchange <name>          the user's exchange by its name, or user: no other is open to a node
  --persistent               the broker keeps the message over its own restart (default)
  --no-persistent            it need not
  -h, --help                 print this text

Global Options:
  --home <dir>               the node's home (default: JETPACK_HOME, CYCLECLOUD_HOME or
                             /opt/cycle/jetpack)
  -v, --version              print the version

Examples:
  jetpack send 'job 4711 has ended' --routing-key jobs.ended
  jetpack send --file service.json -r service.grid -H cell=default
`),
  );
});
