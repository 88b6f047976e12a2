import { describe, expect, test } from '@jest/globals';
import { levels, priorities } from '../protocol/events.ts';
import { sayFailure } from './line.ts';
import { parseCommandLine } from './parse.ts';

/** What a person or script sees: help, the line of a refusal, or what is to be done. */
const see = (...argv: string[]): unknown => {
  const parsed = parseCommandLine(argv, '0.1.0-7');
  switch (parsed.type) {
    case 'text':
      return parsed.text;
    case 'refused':
      return sayFailure(parsed.command, parsed.failure);
    case 'invoked':
      return parsed.home === undefined ? parsed.invocation : { home: parsed.home, ...parsed.invocation };
  }
};

const log = (message: string, level: string, priority: string) => ({ command: 'log', message, level, priority });

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
  ])('%j', (args, expected) => expect(see('log', ...args)).toEqual(expected));
});

describe('log', () => {
  test.each([
    ['info', 'medium'],
    ['warn', 'medium'],
    ['error', 'high'],
  ])('level %s has priority %s unless told otherwise', (level, priority) => {
    expect(see('log', 'text', '--level', level)).toEqual(log('text', level, priority));
    for (const given of priorities) expect(see('log', 'text', '--level', level, '-p', given)).toEqual(log('text', level, given));
  });

  test('every level and priority of the protocol is taken', () => {
    for (const level of levels) for (const priority of priorities) expect(see('log', 'text', `--level=${level}`, `-p${priority}`)).toEqual(log('text', level, priority));
  });

  test.each([
    [['--level', 'error', 'text', '-p', 'low']],
    [['--level=error', '--priority=low', 'text']],
    [['text', '-plow', '--level=error']],
    [['--level', 'error', '-p', 'low', '--', 'text']],
    [['-p', 'high', 'text', '-p', 'low', '--level', 'error']],
  ])('options stand before or after the message, and the last one counts: %j', (args) => expect(see('log', ...args)).toEqual(log('text', 'error', 'low')));

  test.each(['-x', '--level', '-h', '--home', '- a list', '--'])('a message may be %j after --', (message) => {
    expect(see('log', '--', message)).toEqual(log(message, 'info', 'medium'));
    expect(see('log', '--level', 'warn', '--', message)).toEqual(log(message, 'warn', 'medium'));
  });

  test('an empty message is a message: a script whose variable is empty must not fail for it', () => {
    expect(see('log', '')).toEqual(log('', 'info', 'medium'));
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
  ])('%j', (args, body) => expect(see('send', ...args)).toEqual(send(body)));
});

describe('the home', () => {
  test.each([
    [['--home', '/h', 'log', 'text']],
    [['--home=/h', 'log', 'text']],
    [['log', '--home', '/h', 'text']],
    [['log', 'text', '--home=/h']],
    [['--home', '/other', 'log', 'text', '--home', '/h']],
  ])('is given before or after the command: %j', (args) => expect(see(...args)).toEqual({ home: '/h', ...log('text', 'info', 'medium') }));
});

describe('what is wrong is one line that names it and what would be right', () => {
  test.each([
    [[], 'jetpack: a command is missing: log or send; see jetpack --help'],
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
    [['send', 'text', '-f', 'file', '-r', 'a.b'], 'jetpack send: give a message or --file, not both; see jetpack send --help'],
    [['send', 'text', '-r', ''], 'jetpack send: the routing key is empty: give words joined by dots (routing_key_invalid)'],
    [['send', 'text', '-r', 'a\nb'], 'jetpack send: the routing key holds a control character (routing_key_invalid)'],
    [['send', 'text', '-r', 'x'.repeat(256)], 'jetpack send: the routing key has 256 bytes: at most 255 are allowed (routing_key_invalid)'],
  ])('%j', (argv, line) => expect(see(...argv)).toBe(`${line}\n`));

  test('also when what was given has line breaks, control characters or a hundred thousand letters', () => {
    expect(see('log', 'text', '--a\nb\u001B[31m')).toBe("jetpack log: unknown option '--a b\u{FFFD}[31m'; a message that starts with a dash goes after --; see jetpack log --help\n");
    expect(see(`x${'y'.repeat(100_000)}`)).toMatch(/^jetpack: unknown command 'xy{400,500}…\n$/);
  });
});

describe('help and version', () => {
  test.each([['-v'], ['--version'], ['log', '-v'], ['send', '--version']])('%s %s is one line: dotted integers, a dash, a build', (...argv) => {
    expect(see(...argv)).toBe('0.1.0-7\n');
  });

  test.each(['-h', '--help'])('jetpack %s', (flag) =>
    expect(see(flag)).toBe(`Usage: jetpack [options] [command]

Speaks to jetpackd, the agent on this node of the cluster.

Options:
  --home <dir>              the node's home (default: JETPACK_HOME, CYCLECLOUD_HOME or
                            /opt/cycle/jetpack)
  -v, --version             print the version
  -h, --help                print this text

Commands:
  log [options] <message>   report a message to the cluster
  send [options] [message]  send a message of your own through the broker
`),
  );

  test.each(['-h', '--help'])('jetpack log %s', (flag) =>
    expect(see('log', flag)).toBe(`Usage: jetpack log [options] <message>

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
`),
  );

  test.each(['-h', '--help'])('jetpack send %s', (flag) =>
    expect(see('send', flag)).toBe(`Usage: jetpack send [options] [message]

Sends a message or a file to the user's exchange of the broker, under a routing key of your choice.
While jetpackd is away the message waits on disk and is sent when it is back.

Arguments:
  message                  the text; after -- it may start with a dash

Options:
  -f, --file <path>        send what this file holds; - is standard input
  -r, --routing-key <key>  words joined by dots (required)
  -h, --help               print this text

Global Options:
  --home <dir>             the node's home (default: JETPACK_HOME, CYCLECLOUD_HOME or
                           /opt/cycle/jetpack)
  -v, --version            print the version
`),
  );
});
