import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { parseIni } from './ini.ts';
import { largestIni, parseProjectIni } from './project-ini.ts';

const file = '/locker/projects/demo/1.0.0/project.ini';
const parse = (text: string | Uint8Array) => parseProjectIni(typeof text === 'string' ? Buffer.from(text) : text, file);

const project = '[project]\nname = demo\nversion = 1.0.0\n';

describe('a project.ini', () => {
  test('as authors write them is read', () => {
    const text = `\u{FEFF}# A project
[project]
Name: demo
LABEL = A demo = with more
version=1.0.0
type = scheduler
autoupgrade = true
; that was it

[blobs]
Files = banner.txt, tools/*.tar.gz,
        data/a b.bin

[blobs more]
files: banner.txt, other.txt

[spec default]
run_list =
[spec execute] ; no keys
[config demo.greeting]
Required = True
Label = Greeting
Description = What it says
  in two lines
DefaultValue = hello
ParameterType = String
`;
    const expected = { ok: true, value: { name: 'demo', version: '1.0.0', blobs: ['banner.txt', 'tools/*.tar.gz', 'data/a b.bin', 'other.txt'], warnings: [] } };
    expect(parse(text)).toEqual(expected);
    expect(parse(text.replaceAll('\n', '\r\n'))).toEqual(expected);
    expect(parse(text.replaceAll('\n', '\r'))).toEqual(expected);
  });

  test.each([
    ['name = demo', 1, "'name' stands before the first [section]"],
    ['[project\nname = demo', 1, "'[project' is no section: write [name]"],
    ['[]', 1, "'[]' is no section: write [name]"],
    ['[project] name = demo', 1, "'[project] name = demo' is no section: write [name]"],
    ['[project]\nname demo', 2, "'name demo' is neither a [section] nor key = value"],
    ['[project]\n\n# x\n= demo', 4, "'= demo' has no key before ="],
    [`${project}name = other`, 4, "'name' is set already, on line 2"],
    [`${project}[project]`, 4, "section '[project]' is there already, on line 1"],
    ['[Project]\nname = demo', 1, 'there is no section [project]'],
    ['', 1, 'there is no section [project]'],
    ['[project]\nnaem = demo\nversion = 1', 1, "[project] has no name; 'naem' on line 2 is not known"],
    ['[project]\nname = demo', 1, '[project] has no version'],
    ['[project]\nname =\nversion = 1', 2, 'name is empty'],
    [`${project}[project x]`, 4, "'[project x]' takes no name: write [project]"],
    [`${project}[spec]`, 4, '[spec] needs a name: [spec NAME]'],
    [`${project}[spec a/b]`, 4, "'a/b' cannot be the name of a spec"],
    [`${project}[blobs]\nFiles = a, ../../etc/passwd`, 5, "'../../etc/passwd' is no path below blobs/"],
    [`${project}[blobs]\nFiles = /etc/passwd`, 5, "'/etc/passwd' is no path below blobs/"],
    [`${project}[blobs]\nFiles = a//b`, 5, "'a//b' is no path below blobs/"],
    [`[project]\n${'x'.repeat(100)}`, 2, `'${'x'.repeat(60)}…' is neither a [section] nor key = value`],
    ['[project]\n\u001B[31m', 2, "'\u{FFFD}[31m' is neither a [section] nor key = value"],
  ])('%j is refused with its line', (text, line, reason) => {
    expect(parse(text)).toEqual({ ok: false, error: { code: 'project_unusable', message: `${file} line ${line}: ${reason}` } });
  });

  test('what is no UTF-8 is refused with its line', () => {
    expect(parse(Buffer.concat([Buffer.from(project), Buffer.from([0x6c, 0xff, 0x0a])]))).toEqual({ ok: false, error: { code: 'project_unusable', message: `${file} line 4: not valid UTF-8` } });
  });

  test('larger than a megabyte is refused unread', () => {
    expect(parse(Buffer.alloc(largestIni + 1, 0x0a))).toEqual({ ok: false, error: { code: 'project_unusable', message: `${file} has more than 1048576 bytes` } });
  });

  test('what means nothing here is a warning with its line', () => {
    const read = parse(`${project}author = me\n[monitoring]\nx = 1\n[spec master]\nrun_list = role[master]\n[constructor]\n`);
    expect(read.ok && read.value.warnings).toEqual([
      `${file} line 4: 'author' is not known in [project] and does nothing`,
      `${file} line 5: section '[monitoring]' is not known and does nothing`,
      `${file} line 8: the run_list of spec 'master' does nothing: jetpack runs scripts, not Chef`,
      `${file} line 9: section '[constructor]' is not known and does nothing`,
    ]);
  });

  test('that has a great many warnings says ten of them, and how many more there are', () => {
    const read = parse(`${project}${Array.from({ length: 12 }, (_, index) => `key${index} = 1\n`).join('')}`);
    const warnings = read.ok ? read.value.warnings : [];
    expect(warnings).toHaveLength(11);
    expect(warnings[9]).toBe(`${file} line 13: 'key9' is not known in [project] and does nothing`);
    expect(warnings[10]).toBe(`${file}: and 2 more`);
  });

  test('that has eleven warnings counts the one that is left out, and ten are all told', () => {
    const warningsOf = (count: number): readonly string[] => {
      const read = parse(`${project}${Array.from({ length: count }, (_, index) => `key${index} = 1\n`).join('')}`);
      return read.ok ? read.value.warnings : [];
    };
    expect(warningsOf(11).at(-1)).toBe(`${file}: and 1 more`);
    expect(warningsOf(10).at(-1)).toMatch(/'key9'/);
  });

  test.each([
    ['keys', (word: string) => `${word}=`],
    ['sections', (word: string) => `[${word}]`],
  ])('of as many %s as it may hold is read at once, and the last one that is there twice is found', (_, lineOf) => {
    const count = 120_000;
    const words = Array.from({ length: count }, (_word, index) => lineOf(index.toString(36).padStart(4, '0')));
    const text = `${project}${words.join('\n')}\n${words.at(-1)}`;
    const began = performance.now();
    expect(parse(text)).toMatchObject({ ok: false, error: { message: expect.stringMatching(new RegExp(`line ${count + 4}: .* already, on line ${count + 3}$`)) } });
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test('is never an exception, whatever it holds', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expect(typeof parse(bytes).ok).toBe('boolean')));
    const words = fc.array(fc.constantFrom('[', ']', 'project', 'spec', '\n', '\n  ', '=', ':', '#', ' ', 'name', 'version', '\t'), { maxLength: 40 });
    fc.assert(fc.property(words, (some) => expect(typeof parse(some.join('')).ok).toBe('boolean')));
  });
});

test('what is accepted means what it means to Python\'s configparser', () => {
  const script = `
import configparser, json, sys
answers = []
for text in json.load(sys.stdin):
    parser = configparser.RawConfigParser(default_section='no such section')
    try:
        parser.read_string(text)
        answers.append({s: {k: '\\n'.join(l for l in v.split('\\n') if l != '') for k, v in parser.items(s)} for s in parser.sections()})
    except Exception:
        answers.append(None)
print(json.dumps(answers))
`;
  const line = fc.constantFrom('[a]', '[b c]', 'k = v', 'K2: v w', ' k3 = = :', '  more', '\tmore # x', '# c', '   ; c', '', 'k4 =', '[d] # e', 'k5 = a;b');
  const texts = fc.sample(fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n')), { numRuns: 500, seed: 1 });
  const answers = JSON.parse(execFileSync('python3', ['-c', script], { input: JSON.stringify(texts), encoding: 'utf8' })) as unknown[];
  let accepted = 0;
  for (const [index, text] of texts.entries()) {
    const ours = parseIni(text);
    if (!ours.ok) continue;
    accepted += 1;
    const sections = Object.fromEntries(ours.value.map(({ entries, name }) => [name, Object.fromEntries(entries.map(({ key, value }) => [key, value]))]));
    expect({ text, sections }).toEqual({ text, sections: answers[index] });
  }
  expect(accepted).toBeGreaterThan(50);
});
