import { describe, expect, test } from '@jest/globals';
import { limits } from '../protocol/limits.ts';
import { requestSchemas } from '../protocol/local.ts';
import { condition, conditionRequest, type ConditionInvocation } from './condition.ts';
import { parseOne } from './testing/parse-one.ts';

const envelope = { id: '01938a5e-0000-7000-8000-000000000000', at: 5 };
const parse = (...argv: readonly string[]): unknown => parseOne(condition, 'condition', 'set', ...argv);
const set = (said: object): object => ({ command: 'condition set', condition: said });

describe('jetpack condition set', () => {
  test.each([
    [['-n', 'gpu', '-s', 'OK'], { name: 'gpu', status: 'OK' }],
    [['--name=gpu', '--status=NA'], { name: 'gpu', status: 'NA' }],
    [['-n', 'gpu', '-s', 'Warning', '-m', '', '-d', '', '-r', '', '--details', ''], { name: 'gpu', status: 'Warning' }],
    [['-n', 'gpu', '-s', 'OK', '--recommendations', 'look'], { name: 'gpu', status: 'OK', recommendation: 'look' }],
    [
      ['-n', 'gpu', '-s', 'Error', '-m', 'm', '-d', 'd', '-r', 'r', '--details', 'x\ny', '--action-type', 'GHR', '--ghr-category', 'XID79'],
      { name: 'gpu', status: 'Error', message: 'm', description: 'd', recommendation: 'r', details: 'x\ny', actionType: 'GHR', ghrCategory: 'XID79' },
    ],
    [['--name', 'gpu', '--status', 'Error', '--message', 'm', '--description', 'd', '--recommendation', 'r'], { name: 'gpu', status: 'Error', message: 'm', description: 'd', recommendation: 'r' }],
  ])('%j is understood, and becomes a request that the daemon takes', (argv, said) => {
    const invocation = parse(...argv);
    expect(invocation).toEqual(set(said));
    const request = conditionRequest(invocation as ConditionInvocation, envelope);
    expect(request.ok && requestSchemas.condition.parse(request.value)).toEqual({ ...envelope, verb: 'condition', ...said });
  });

  test.each([
    [['-s', 'OK'], "error: required option '-n, --name <name>' not specified"],
    [['-n', 'gpu'], "error: required option '-s, --status <status>' not specified"],
    [['-n', 'gpu', '-s', 'ok'], "error: option '-s, --status <status>' argument 'ok' is invalid. Allowed choices are OK, Warning, Error, NA."],
    [['-n', 'gpu', '-s', 'Unknown'], expect.stringContaining('Allowed choices are OK, Warning, Error, NA')],
    [['-n', 'gpu', '-s', 'OK', '--action-type', 'Reboot'], expect.stringContaining('Allowed choices are GHR')],
  ])('%j is refused with what would be right', (argv, message) => expect(parse(...argv)).toEqual(message));

  test.each([
    [['-n', '', '-s', 'OK'], "option '-n, --name <name>' is not of 1 to 255 characters"],
    [['-n', 'x'.repeat(256), '-s', 'OK'], "option '-n, --name <name>' is not of 1 to 255 characters"],
    [['-n', 'a\nb', '-s', 'OK'], "option '-n, --name <name>' holds a control character"],
    [['-n', 'a', '-s', 'OK', '--action-type', 'GHR'], '--action-type and --ghr-category go together'],
    [['-n', 'a', '-s', 'OK', '--ghr-category', 'c'], '--action-type and --ghr-category go together'],
  ])('%.60j is refused with one line that says what is wrong', (argv, message) => expect(parse(...argv)).toEqual({ code: 'usage', message }));

  test('what no event can hold is refused at once', () => {
    const invocation = set({ name: 'a', status: 'OK', details: 'x'.repeat(limits.event) }) as ConditionInvocation;
    expect(conditionRequest(invocation, envelope)).toMatchObject({ ok: false, error: { code: 'message_too_large' } });
  });
});
