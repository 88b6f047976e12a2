import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseYamlSubset } from './yaml-subset.ts';

const read = (text: string): unknown => {
  const parsed = parseYamlSubset(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return JSON.parse(JSON.stringify(parsed.value));
};

const refusal = (text: string): string => {
  const parsed = parseYamlSubset(text);
  return parsed.ok ? 'it was read' : parsed.error;
};

describe('a meta-data file', () => {
  test('as the manual has it', () => {
    const text = `---
# by hand
instance-id: iid-abcdefg   # not the colon: it has a space before
network-interfaces: |
  iface eth0 inet static
    address 192.168.1.10

  gateway 192.168.1.254
hostname: "my host"
tags: { "a": 1, "b": [true, null] }
single: 'it''s # here'
public-keys:
- ssh-rsa AAAA one
- 'ssh-rsa BBBB two'
nested:
  deeper:
    key: value
  empty:
folded: >-
  one
  two
number: 012
exact: 12345678901234567890
yes: true
url: http://host/#anchor
`;
    expect(read(text)).toEqual({
      'instance-id': 'iid-abcdefg',
      'network-interfaces': 'iface eth0 inet static\n  address 192.168.1.10\n\ngateway 192.168.1.254\n',
      hostname: 'my host',
      tags: { a: 1, b: [true, null] },
      single: "it's # here",
      'public-keys': ['ssh-rsa AAAA one', 'ssh-rsa BBBB two'],
      nested: { deeper: { key: 'value' }, empty: null },
      folded: 'one two',
      number: '012',
      exact: Number('12345678901234567890'),
      yes: true,
      url: 'http://host/#anchor',
    });
    const parsed = parseYamlSubset(text);
    expect(JSON.stringify(parsed.ok && parsed.value)).toContain('"exact":12345678901234567890');
  });

  test('that is empty, or comments only, says nothing', () => {
    for (const text of ['', '\n\n', '# nothing\n', '---\n']) expect(read(text)).toEqual({});
  });

  test('of a machine that ends its lines otherwise is the same', () => {
    expect(read('instance-id: a\r\nhostname: b\r\n')).toEqual({ 'instance-id': 'a', hostname: 'b' });
  });

  test.each([
    ['- a\n- b', 'cannot be read in line 1: a map is expected'],
    ['a: 1\n  b: 2', 'cannot be read in line 2: this fits nowhere'],
    ['a: &x 1', 'cannot be read in line 1: what begins with & is not understood'],
    ['a: !tag 1', 'cannot be read in line 1: what begins with ! is not understood'],
    ['a: [1, 2', 'cannot be read in line 1: this is not JSON'],
    ['a:\n  - b: 1', 'cannot be read in line 2: a list holds scalars only'],
    ['a b: 1', 'cannot be read in line 1: a key and a colon are expected'],
    ['a: 1\n---\nb: 2', 'cannot be read in line 2: a key and a colon are expected'],
    [Array.from({ length: 20 }, (_, index) => `${' '.repeat(index)}k:`).join('\n'), 'cannot be read in line 17: it nests deeper than 16 levels'],
  ])('%j is refused with its line', (text, reason) => {
    expect(refusal(text)).toBe(reason);
  });

  test('a name of a prototype is a member like any other', () => {
    const parsed = parseYamlSubset('__proto__:\n  admin: true\n');
    expect(JSON.stringify(parsed.ok && parsed.value)).toBe('{"__proto__":{"admin":true}}');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

test('whatever stands in it, it is read or refused, and flat texts come back as they were', () => {
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => typeof parseYamlSubset(text).ok === 'boolean'));
  const key = fc.stringMatching(/^[a-z][a-z-]{0,8}$/);
  fc.assert(
    fc.property(fc.dictionary(key, fc.string({ maxLength: 20 }).filter((text) => !/[\r\n]/.test(text)), { maxKeys: 5 }), (tree) => {
      const text = Object.entries(tree).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join('\n');
      expect(read(text)).toEqual({ ...tree });
    }),
  );
});
