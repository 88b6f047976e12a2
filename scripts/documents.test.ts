import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commands, provedBy, type Proof } from '../integration/docs/commands.ts';
import { commandsIn, documentedCommands, documents, root, textOf } from '../integration/docs/documents.ts';

/** The table of the linter's rule, in its order. */
const rooms = [...readFileSync(path.join(root, 'scripts/lint/rooms.js'), 'utf8').matchAll(/\{ room: '([^']+)'/g)].map(([, room = '']) => room);

/** GitHub's name for a heading, as links to it are written. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsIn = (document: string): readonly string[] => [...textOf(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

const linksIn = (text: string): readonly string[] => [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

const isRelative = (link: string): boolean => !/^[a-z]+:/.test(link);

/** What is wrong with a relative link of a document, if anything is. */
const fault = (document: string, link: string): string | undefined => {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? document : path.join(path.dirname(document), file);
  if (!existsSync(path.join(root, target))) return `${document}: ${link} leads nowhere`;
  if (anchor !== undefined && !anchorsIn(target).includes(anchor)) return `${document}: ${link} names no heading`;
  return undefined;
};

describe('the documents', () => {
  test('are found: those at the top, that of the examples, and those under docs/', () => {
    expect(documents()).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'examples/README.md', 'docs/ARCHITECTURE.md', 'docs/adr/0001-rooms-added-to-the-table.md']));
  });

  test.each(documents())('%s links to nothing that is not there', (document) => {
    const relative = linksIn(textOf(document)).filter(isRelative);
    expect(relative.map((link) => fault(document, link)).filter((one) => one !== undefined)).toEqual([]);
  });

  test('a link that leads nowhere and one that names no heading are told', () => {
    expect(fault('docs/DELIVERY.md', 'ARCHITECTURE.md')).toBeUndefined();
    expect(fault('docs/DELIVERY.md', 'docs/ARCHITECTURE.md')).toContain('leads nowhere');
    expect(fault('README.md', 'docs/ARCHITECTURE.md#rooms')).toBeUndefined();
    expect(fault('README.md', 'docs/ARCHITECTURE.md#kitchens')).toContain('names no heading');
  });

  test('mention no file of the repository that is not there', () => {
    const folders = [...new Set(rooms.map((room) => room.split('/')[0]))].join('|');
    const mentioned = new RegExp(`\`((?:${folders}|docs|bin)/[\\w./-]*(?:\\.\\w+|/))\``, 'g');
    const missing = documents().flatMap((document) =>
      [...textOf(document).matchAll(mentioned)].map(([, file = '']) => file).filter((file) => !existsSync(path.join(root, file))).map((file) => `${document}: ${file}`),
    );
    expect(missing).toEqual([]);
  });

  test("ARCHITECTURE.md has the linter's rooms, in its order", () => {
    const rows = [...textOf('docs/ARCHITECTURE.md').matchAll(/^\| (`[a-z/]+\/`(?:, `[a-z/]+\/`)*) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
    expect(rows).toEqual(rooms.map((room) => `\`${room}/\``));
  });

  test('decisions are numbered without a gap', () => {
    const numbers = documents()
      .filter((document) => document.startsWith('docs/adr/'))
      .map((document) => [Number(path.basename(document).slice(0, 4)), Number(/^# (\d+)\. /.exec(textOf(document))?.[1])]);
    expect(numbers).toEqual(numbers.map((_, index) => [index + 1, index + 1]));
  });
});

describe('the commands in the documents', () => {
  test('are collected from shell blocks, indented lines and code in sentences', () => {
    const text = 'Run `npm test`, or `jetpack log` on a node.\n\n```sh\n# a comment\nnpm run check && npm run docs\nls\n```\n\n    npm run bench\n    {"a": 1}\n';
    expect(commandsIn(text)).toEqual(['npm run check', 'npm run docs', 'ls', 'npm run bench', 'npm test']);
  });

  test('are all known to the list that says who types them, and the list has no others', () => {
    expect(documentedCommands()).toEqual(Object.keys(commands).toSorted());
  });

  test('that .ci/run is to type are in it', () => {
    const lines = readFileSync(path.join(root, '.ci', 'run'), 'utf8').split('\n');
    const wanted = provedBy('ci').map((command) => commands[command]).filter((proof): proof is Extract<Proof, { by: 'ci' }> => proof?.by === 'ci');
    expect(wanted.length).toBeGreaterThan(0);
    for (const { line } of wanted) expect(lines).toContain(line);
  });
});
