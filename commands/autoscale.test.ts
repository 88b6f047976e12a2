import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { autoscaleLimits } from '../protocol/autoscale-limits.ts';
import { requestSchemas } from '../protocol/local.ts';
import { autoscale, autoscaleRequest } from './autoscale.ts';
import { targetsOf } from './autoscale-targets.ts';
import { parseOne } from './testing/parse-one.ts';

const envelope = { id: '01938a5e-0000-7000-8000-000000000000', at: 5 };
const parse = (...argv: readonly string[]): unknown => parseOne(autoscale, 'autoscale', ...argv);

describe('jetpack autoscale', () => {
  test.each([
    [['--corecount=100'], { target: { coreCount: 100 } }],
    [['--corecount', '0', '--name', 'execute'], { target: { name: 'execute', coreCount: 0 } }],
    [['--instancecount', '5', '--name=gpu'], { target: { name: 'gpu', instanceCount: 5 } }],
    [['-f', 'targets.json'], { file: 'targets.json' }],
    [['--file=-'], { file: '-' }],
  ])('%j is understood', (argv, what) => expect(parse(...argv)).toEqual({ command: 'autoscale', ...what }));

  test.each([
    [[], 'nothing is asked for: give --corecount, --instancecount or --file'],
    [['--name', 'gpu'], 'nothing is asked for: give --corecount, --instancecount or --file'],
    [['--corecount', '1', '--instancecount', '1'], 'give one of --corecount, --instancecount and --file'],
    [['--corecount', '1', '-f', 'x'], 'give one of --corecount, --instancecount and --file'],
    [['-f', ''], "option '-f, --file <path>' is empty"],
    [['-f', 'x', '--name', 'gpu'], 'the file names its node arrays: --name does not go with --file'],
    [['--corecount', '-1'], "option '--corecount <n>' is not a whole number from 0 on"],
    [['--corecount', '1.5'], "option '--corecount <n>' is not a whole number from 0 on"],
    [['--instancecount', 'many'], "option '--instancecount <n>' is not a whole number from 0 on"],
    [['--corecount', '1', '--name', ''], "option '--name <array>' is not of 1 to 255 characters"],
  ])('%j is refused with one line that says what is wrong', (argv, message) => expect(parse(...argv)).toEqual({ code: 'usage', message }));
});

describe('a file of node arrays', () => {
  test.each([
    ['the documented form', [{ Name: 'execute', TargetCoreCount: 100 }], [{ name: 'execute', coreCount: 100 }]],
    ['one array alone', { Name: 'vfxt', TargetCount: 0 }, [{ name: 'vfxt', instanceCount: 0 }]],
    ['any case, and numbers as text', [{ name: 'a', targetinstancecount: ' 7 ' }], [{ name: 'a', instanceCount: 7 }]],
    ['no name', [{ TargetCoreCount: 8 }], [{ coreCount: 8 }]],
    ['groups, as their total', [{ Name: 'a', TargetGroupCount: 3, GroupCoreCount: 16 }], [{ name: 'a', coreCount: 48 }]],
    ['an array that comes again, as the sum', [8, 16, 4].map((TargetCoreCount) => ({ Name: 'a', TargetCoreCount })), [{ name: 'a', coreCount: 28 }]],
    [
      'what else it says of an array, as attributes',
      [{ Name: 'a', TargetCoreCount: 1, MachineType: 'D4', Dynamic: true }, { Name: 'a', TargetCount: 2, MachineType: 'D8' }],
      [{ name: 'a', coreCount: 1, instanceCount: 2, attributes: { MachineType: 'D8', Dynamic: true } }],
    ],
    ['an empty list', [], []],
  ])('%s', (_what, value, targets) => {
    const read = targetsOf(value);
    expect(read).toEqual({ ok: true, value: targets });
    const request = autoscaleRequest(read.ok ? read.value : [], envelope);
    expect(request.ok && requestSchemas.autoscale.parse(request.value)).toEqual({ ...envelope, verb: 'autoscale', targets });
  });

  test.each([
    [7, 'it is neither a list nor an object'],
    [[7], 'record 1 is no object'],
    [[{ Name: 'a', TargetCoreCount: 1 }, null], 'record 2 is no object'],
    [[{ Name: 'a' }], 'record 1: it asks for neither cores nor machines: give TargetCoreCount or TargetCount'],
    [[{ Name: '', TargetCoreCount: 1 }], 'record 1: Name is no text'],
    [[{ Name: 'x'.repeat(256), TargetCoreCount: 1 }], 'record 1: Name is longer than 255 characters'],
    [[{ Name: 'a', TargetCoreCount: -1 }], 'record 1: TargetCoreCount is not a whole number from 0 on'],
    [[{ Name: 'a', TargetCount: true }], 'record 1: TargetCount is not a whole number from 0 on'],
    [[{ Name: 'a', TargetGroupCount: 'x', GroupCoreCount: 1 }], 'record 1: TargetGroupCount is not a whole number from 0 on'],
    [[{ Name: 'a', TargetCoreCount: 1, Note: 'x'.repeat(autoscaleLimits.attributes) }], 'record 1: its attributes have more than 8192 characters'],
    [Array.from({ length: 1_001 }, (_, index) => ({ Name: `a${index}`, TargetCoreCount: 1 })), 'it has 1001 node arrays: at most 1000 are allowed'],
  ])('%.40j is refused with what is wrong', (value, error) => expect(targetsOf(value)).toEqual({ ok: false, error }));

  test('whatever it holds, what it comes to is a request that the daemon takes, or one line', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(fc.record({ Name: fc.string(), TargetCoreCount: fc.jsonValue() }))), (value) => {
        const read = targetsOf(value);
        const isRight = read.ok ? requestSchemas.autoscale.safeParse({ ...envelope, verb: 'autoscale', targets: read.value }).success : /^\P{Cc}+$/u.test(read.error);
        expect(isRight).toBe(true);
      }),
    );
  });
});
