import { describe, expect, test } from '@jest/globals';
import { requestSchemas } from '../protocol/local.ts';
import { hostnameChanged, hostnameChangedRequest } from './hostname-changed.ts';
import { presentScripts, runOnShutdown, runOnShutdownRequest, type RunOnShutdownInvocation } from './run-on-shutdown.ts';
import { presentShutdown, shutdown, shutdownRequest, type ShutdownInvocation } from './shutdown.ts';
import { parseOne } from './testing/parse-one.ts';

const envelope = { id: '01938a5e-0000-7000-8000-000000000000', at: 5 };

describe('jetpack shutdown', () => {
  const parse = (...argv: readonly string[]): unknown => parseOne(shutdown, 'shutdown', ...argv);

  test.each([
    [[], { cause: 'requested', way: 'terminate' }],
    [['--idle'], { cause: 'idle', way: 'terminate' }],
    [['--unhealthy', '--terminate'], { cause: 'unhealthy', way: 'terminate' }],
    [['--deallocate', '--reason', 'no jobs'], { cause: 'requested', way: 'deallocate', reason: 'no jobs' }],
    [['--cancel'], undefined],
  ])('%j is understood, and becomes a request that the daemon takes', (argv, asked) => {
    const invocation = parse(...argv);
    expect(invocation).toEqual({ command: 'shutdown', action: asked === undefined ? 'cancel' : 'request', ...asked });
    expect(requestSchemas.shutdown.parse(shutdownRequest(invocation as ShutdownInvocation, envelope))).toEqual({
      id: envelope.id,
      verb: 'shutdown',
      action: asked === undefined ? 'cancel' : 'request',
      ...asked,
    });
  });

  test.each([
    [['--idle', '--unhealthy'], 'give --idle or --unhealthy, not both'],
    [['--terminate', '--deallocate'], 'give --terminate or --deallocate, not both'],
    [['--reason', ' '], "option '--reason <text>' is empty"],
    [['--reason', 'x'.repeat(1_001)], 'the reason has 1001 characters: at most 1000 are allowed'],
    [['--cancel', '--idle'], '--cancel takes a request back: no other option goes with it'],
  ])('%.40j is refused with one line that says what is wrong', (argv, message) => expect(parse(...argv)).toEqual({ code: 'usage', message }));

  test.each([
    [{ request: 'r', cause: 'requested', way: 'terminate', already: false }, 'the server is asked to terminate this node'],
    [{ cause: 'idle', way: 'deallocate', reason: 'no\njobs', already: true }, 'the server is asked to deallocate this node (idle): no jobs; it was before'],
    [{ cancelled: true }, 'the server is no longer asked to end this node'],
    [{ cancelled: false }, 'there was nothing to cancel'],
  ])('of %j it prints: %s', (view, line) => expect(presentShutdown(view)).toBe(line));
});

describe('jetpack run_on_shutdown', () => {
  const parse = (...argv: readonly string[]): unknown => parseOne(runOnShutdown, ...argv);
  const add = (path: string, ...given: readonly string[]): object => ({ command: 'run_on_shutdown', action: 'add', path, arguments: given });

  test.each([
    [['run_on_shutdown', '/a.sh'], add('/a.sh')],
    [['run-on-shutdown', '/a.sh', 'b', 'two words'], add('/a.sh', 'b', 'two words')],
    [['run_on_shutdown', '--', '/a.sh', '--list', '-x'], add('/a.sh', '--list', '-x')],
    [['run_on_shutdown', '/a.sh', '--', '-x'], add('/a.sh', '-x')],
    [['run_on_shutdown', '--list'], { command: 'run_on_shutdown', action: 'list' }],
    [['run_on_shutdown', '--list', '--json'], { command: 'run_on_shutdown', action: 'list', json: true }],
    [['run_on_shutdown', '--remove', '/a.sh'], { command: 'run_on_shutdown', action: 'remove', path: '/a.sh' }],
  ])('%j is understood, and becomes a request that the daemon takes', (argv, invocation) => {
    expect(parse(...argv)).toEqual(invocation);
    const request = runOnShutdownRequest(invocation as RunOnShutdownInvocation, envelope);
    expect(requestSchemas['run-on-shutdown'].parse(request)).toEqual(request);
  });

  test.each([
    [[], 'nothing to run: give the absolute path of a script, --list or --remove PATH'],
    [[''], "'' is not an absolute path"],
    [['a.sh'], "'a.sh' is not an absolute path"],
    [['/a\nb.sh'], 'the path holds control characters'],
    [['/a.sh', '--json'], 'only --list has something to show as JSON'],
    [['--remove', 'a.sh'], "'a.sh' is not an absolute path"],
    [['/a.sh', '--list'], 'give a script, --list or --remove PATH, and no more than one of them'],
    [[`/${'a'.repeat(4_096)}`], 'the path is longer than 4096 characters'],
    [['/a.sh', ...Array.from({ length: 65 }, () => 'x')], 'the script has 65 arguments: at most 64 are allowed'],
    [['/a.sh', 'x'.repeat(4_097)], 'an argument is longer than 4096 characters'],
  ])('%.40j is refused with one line that says what is wrong', (argv, message) => expect(parse('run_on_shutdown', ...argv)).toEqual({ code: 'usage', message }));

  test('shows what is registered as a shell would be given it, a line each', () => {
    const scripts = [
      { path: '/a.sh', arguments: ['--drain', 'two words', "it's"] },
      { path: '/b.sh', arguments: ['', 'a\nb'] },
    ];
    expect(presentScripts({ scripts })).toBe(String.raw`/a.sh --drain 'two words' 'it'\''s'
/b.sh '' 'a b'
`);
    expect(presentScripts({ scripts: [] })).toBe('');
    expect(JSON.parse(presentScripts({ scripts }, true))).toEqual(scripts);
  });
});

test('jetpack hostname-changed tells that all is well, and leaves the name to the daemon', () => {
  expect(parseOne(hostnameChanged, 'hostname-changed')).toEqual({ command: 'hostname-changed' });
  const request = hostnameChangedRequest(envelope);
  expect(requestSchemas.installation.parse(request)).toEqual({ ...envelope, verb: 'installation', status: 'success', message: 'the host name has changed' });
});
