// The documents that people read, and what they tell them to type.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** Markdown at the top, that of the examples, and what is under docs/, as paths from the root. */
export const documents = (): readonly string[] => {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  const below = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  return [...top, 'examples/README.md', ...below.map((name) => path.join('docs', name))].toSorted();
};

export const textOf = (document: string): string => readFileSync(path.join(root, document), 'utf8');

const shellBlock = /^```sh\n(.*?)^```$/gms;
const indentedLine = /^ {4}(\S.*)$/gm;
const inlineCode = /`([^`\n]+)`/g;

/** What begins like this is meant to be typed, wherever it stands. */
const typed = /^(npm |bin\/\S+ |docker |\.ci\/)/;

/** Every command of a document: all lines of its shell blocks, and what looks like one in code elsewhere. */
export const commandsIn = (text: string): readonly string[] => {
  const blocks = [...text.matchAll(shellBlock)].flatMap(([, block = '']) => block.split('\n').filter((line) => line !== '' && !line.startsWith('#')));
  const elsewhere = text.replaceAll(shellBlock, '');
  const others = [...elsewhere.matchAll(indentedLine), ...elsewhere.matchAll(inlineCode)].map(([, code = '']) => code).filter((code) => typed.test(code));
  return [...blocks, ...others].flatMap((line) => line.split(' && '));
};

/** All of them, each once. */
export const documentedCommands = (): readonly string[] => [...new Set(documents().flatMap((document) => commandsIn(textOf(document))))].toSorted();
