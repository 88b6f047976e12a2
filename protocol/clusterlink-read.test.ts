import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeEvent } from './codec.ts';
import { readClusterlink } from './clusterlink-read.ts';

const speaker = { cluster: 'lab', node: 'n1', instances: ['i-1'] };

const message = (more: Readonly<Record<string, unknown>> = {}) => ({
  cluster_name: 'lab',
  instance_id: 'i-1',
  timestamp: '2024-05-06T07:08:09.123Z',
  type: 'log',
  data: { level: 'warn', message: 'm' },
  ...more,
});

const read = (...messages: readonly unknown[]) => readClusterlink(Buffer.from(JSON.stringify({ messages })), speaker);

const events = (...messages: readonly unknown[]) => {
  const told = read(...messages);
  if (!told.ok) throw new Error(told.error.message);
  return told.value;
};

const at = Date.UTC(2024, 4, 6, 7, 8, 9, 123);
const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

describe('a message', () => {
  test('of type log is an event of that kind, with what else it says as it was said', () => {
    const data = { level: 'error', priority: 'low', message: 'the GPU is lost', exit_code: 254, extra_info: { test: ['a'] } };
    expect(events(message({ data, cluster_session_id: 'x' }))).toEqual([
      { kind: 'log', id: uuid, at, level: 'error', priority: 'low', message: 'the GPU is lost', details: { exit_code: 254, extra_info: { test: ['a'] } } },
    ]);
  });

  test.each([
    [{ message: 'm' }, 'info', 'medium'],
    [{ message: 'm', level: 'warn' }, 'warn', 'medium'],
    [{ message: 'm', level: 'error' }, 'error', 'high'],
  ])('of type log with the data %j has level %s and priority %s', (data, level, priority) => {
    expect(events(message({ data }))).toMatchObject([{ level, priority }]);
  });

  test('of type test or installation is an event of that kind', () => {
    const test = message({ type: 'test', data: { name: 'mpi', message: 'slow', level: 'warn', seconds: 3 } });
    const installation = message({ type: 'installation', data: { status: 'warning', hostname: 'ip-1' } });
    expect(events(test, installation)).toEqual([
      { kind: 'test', id: uuid, at, level: 'warn', name: 'mpi', message: 'slow', details: { seconds: 3 } },
      { kind: 'installation', id: uuid, at, status: 'warning', hostname: 'ip-1' },
    ]);
  });

  test.each([
    ['2024-05-06T07:08:09.123Z', at],
    ['2024-05-06T07:08:09.123456', at],
    ['2024-05-06 09:08:09.123+02:00', at],
    ['2024-05-06T09:08:09.123+0200', at],
    [at, at],
    [at / 1_000, at],
    [0, 0],
  ])('of the time %j is of that time', (timestamp, expected) => {
    expect(events(message({ timestamp }))[0]?.at).toBe(expected);
  });

  test.each(['i-1', 'n1'])('may call its node %s', (instance) => {
    expect(events(message({ instance_id: instance }))).toHaveLength(1);
  });

  test('may call its node anything where nobody knows what it is called', () => {
    const body = Buffer.from(JSON.stringify({ messages: [message({ instance_id: 'other' })] }));
    expect(readClusterlink(body, { ...speaker, instances: [] })).toMatchObject({ ok: true });
  });
});

describe('the id of a message', () => {
  const idOf = (...messages: readonly unknown[]) => events(...messages).map(({ id }) => id);

  test('is its own', () => {
    const id = '00000000-0000-4000-8000-000000000001';
    expect(idOf(message({ id }))).toEqual([id]);
  });

  test('that has none is the same for the same request, and another for other words, another time and the same words again', () => {
    const messages = [message(), message(), message({ data: { message: 'n' } }), message({ timestamp: 1 })];
    const ids = idOf(...messages);
    expect(new Set(ids).size).toBe(4);
    expect(idOf(...messages)).toEqual(ids);
  });

  test('that has none is another for another node', () => {
    const body = Buffer.from(JSON.stringify({ messages: [message()] }));
    const other = readClusterlink(body, { ...speaker, node: 'n2' });
    expect(other).toMatchObject({ ok: true });
    expect(other.ok && other.value[0]?.id).not.toBe(idOf(message())[0]);
  });
});

describe('refused, all of it, is a body', () => {
  const refusal = (body: string | Buffer) => {
    const told = readClusterlink(Buffer.from(body), speaker);
    return told.ok ? undefined : told.error;
  };

  test.each([
    ['{', 'the body is not JSON'],
    [Buffer.from([0x22, 0xff, 0x22]), 'the body is not valid UTF-8'],
    ['['.repeat(100), 'the body nests deeper than 64 levels'],
    ['[]', expect.stringContaining('expected object')],
    ['{}', 'messages: is missing'],
    ['{"messages":[]}', 'messages: holds no message'],
    [`{"messages":[${'0,'.repeat(512)}0]}`, 'messages: holds more than 512 messages'],
  ])('number %#', (body, reason) => {
    expect(refusal(body)).toEqual({ code: 'request_invalid', message: reason });
  });

  test.each([
    [{ type: 'config' }, /^messages\.1: type: /],
    [{ type: '__proto__' }, /^messages\.1: type: /],
    [{ data: 'text' }, /^messages\.1: data: /],
    [{ data: {} }, /^messages\.1: data\.message: is missing/],
    [{ data: { message: 'm', level: 'loud' } }, /^messages\.1: data\.level: /],
    [{ type: 'installation', data: { status: 'fine' } }, /^messages\.1: data\.status: /],
    [{ id: 'x' }, /^messages\.1: id: not a UUID/],
    [{ timestamp: undefined }, /^messages\.1: timestamp: /],
    [{ timestamp: 'yesterday' }, /^messages\.1: timestamp is no time/],
    [{ timestamp: '2024-13-06T07:08:09Z' }, /^messages\.1: timestamp is no time/],
    [{ timestamp: -1 }, /^messages\.1: timestamp is no time/],
    [{ timestamp: 1e300 }, /^messages\.1: timestamp is no time/],
    [{ data: { message: 'm', deep: JSON.parse('['.repeat(20) + ']'.repeat(20)) as unknown } }, /^messages\.1: data: nests deeper than 16 levels/],
  ])('with a message that is wrong, number %#', (more, reason) => {
    expect(refusal(JSON.stringify({ messages: [message(), message(more)] }))).toEqual({ code: 'request_invalid', message: expect.stringMatching(reason) });
  });

  test.each([{ cluster_name: 'other' }, { instance_id: 'i-2' }])('with a message of another node: %j', (more) => {
    const error = { code: 'identity_refused', message: 'messages.1: it is not of lab/n1, which sent it' };
    expect(refusal(JSON.stringify({ messages: [message(), message(more)] }))).toEqual(error);
  });

  test('of any content, without an exception; and what is not refused are events that anyone can read', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ type: fc.constantFrom('log', 'test', 'installation'), cluster_name: fc.constant('lab'), instance_id: fc.constant('n1'), timestamp: fc.oneof(fc.double(), fc.date().map(String)), data: fc.jsonValue() }));
    fc.assert(
      fc.property(fc.array(value), (messages) => {
        const told = read(...messages);
        if (!told.ok) return;
        for (const event of told.value) expect(decodeEvent(event.kind === 'installation' ? { hostname: 'h', ...event } : event)).toMatchObject({ ok: true });
      }),
    );
  });
});
