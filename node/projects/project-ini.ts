// What a project says of itself: project.ini (reference, section 8).
//
// What cannot be read is refused with its line. What can be read and means nothing here (a section or key that nobody
// knows, which is a newer version's or a typo) is a warning with its line, so that a project made for more than jetpack works.
import { fail, ok, type Result } from '../../protocol/result.ts';
import { parseIni, quoted, type IniEntry, type IniFault, type IniSection } from './ini.ts';
import { isSegment } from './segments.ts';

export interface ProjectIni {
  readonly name: string;
  readonly version: string;
  /** Paths under blobs/, `/` between their words; `*` stands for anything within a word. */
  readonly blobs: readonly string[];
  /** One line each; of a great many the first ones, and how many more there are. */
  readonly warnings: readonly string[];
}

/** A file of this kind has a few kilobytes. */
export const largestIni = 1024 * 1024;
/** Each becomes an event: nobody reads more, and a file that is none of ours may have thousands. */
const mostWarnings = 10;

interface SectionKind {
  readonly keys: readonly string[];
  /** Whether a name follows the first word. */
  readonly named: 'never' | 'maybe' | 'always';
}

const kinds: Readonly<Record<string, SectionKind>> = {
  project: { keys: ['name', 'label', 'type', 'version', 'autoupgrade'], named: 'never' },
  blobs: { keys: ['files'], named: 'maybe' },
  spec: { keys: ['run_list'], named: 'always' },
  config: { keys: ['required', 'label', 'description', 'defaultvalue', 'parametertype'], named: 'always' },
};

const wordsOf = ({ name }: IniSection): readonly [kind: string, name: string] => {
  const [kind = ''] = name.split(/\s/, 1);
  return [kind, name.slice(kind.length).trim()];
};

const fault = ({ line }: { readonly line: number }, reason: string): IniFault => ({ line, reason });

const headerFault = (section: IniSection): IniFault | undefined => {
  const [word, name] = wordsOf(section);
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  if (kind?.named === 'always' && name === '') return fault(section, `[${word}] needs a name: [${word} NAME]`);
  if (kind?.named === 'never' && name !== '') return fault(section, `${quoted(`[${section.name}]`)} takes no name: write [${word}]`);
  if (word === 'spec' && !isSegment(name)) return fault(section, `${quoted(name)} cannot be the name of a spec`);
  return undefined;
};

const filesOf = (entry: IniEntry): readonly string[] =>
  entry.value
    .split(/[,\n]/)
    .map((file) => file.trim())
    .filter((file) => file !== '');

const isBlobPath = (file: string): boolean =>
  !/[\\\p{Cc}]/u.test(file) && file.split('/').every((word) => word !== '' && word !== '.' && word !== '..');

const blobsOf = (sections: readonly IniSection[]): Result<readonly string[], IniFault> => {
  const entries = sections.filter((section) => wordsOf(section)[0] === 'blobs').flatMap((section) => section.entries.filter(({ key }) => key === 'files'));
  for (const entry of entries) {
    const wrong = filesOf(entry).find((file) => !isBlobPath(file));
    if (wrong !== undefined) return { ok: false, error: fault(entry, `${quoted(wrong)} is no path below blobs/`) };
  }
  return ok([...new Set(entries.flatMap(filesOf))]);
};

const strangers = (section: IniSection): readonly (readonly [line: number, text: string])[] => {
  const [word, name] = wordsOf(section);
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  if (kind === undefined) return [[section.line, `section ${quoted(`[${section.name}]`)} is not known and does nothing`]];
  const unknown = section.entries.filter(({ key }) => !kind.keys.includes(key));
  const lines = unknown.map(({ line, spelling }) => [line, `${quoted(spelling)} is not known in [${word}] and does nothing`] as const);
  const chef = section.entries.find(({ key, value }) => key === 'run_list' && value !== '');
  return chef === undefined ? lines : [...lines, [chef.line, `the run_list of spec ${quoted(name)} does nothing: jetpack runs scripts, not Chef`]];
};

const warningsOf = (sections: readonly IniSection[], file: string): readonly string[] => {
  const found = sections.flatMap(strangers);
  const lines = found.slice(0, mostWarnings).map(([line, text]) => `${file} line ${line}: ${text}`);
  return found.length <= mostWarnings ? lines : [...lines, `${file}: and ${found.length - mostWarnings} more`];
};

/** The value of a key that must be there; what stands in its place is likely a typo, so its line is named. */
const required = (project: IniSection, key: string): Result<string, IniFault> => {
  const entry = project.entries.find((one) => one.key === key);
  if (entry !== undefined && entry.value !== '') return ok(entry.value);
  if (entry !== undefined) return { ok: false, error: fault(entry, `${key} is empty`) };
  const stranger = project.entries.find((one) => !(kinds['project']?.keys ?? []).includes(one.key));
  const hint = stranger === undefined ? '' : `; ${quoted(stranger.spelling)} on line ${stranger.line} is not known`;
  return { ok: false, error: fault(project, `[project] has no ${key}${hint}`) };
};

const read = (sections: readonly IniSection[], file: string): Result<ProjectIni, IniFault> => {
  const project = sections.find(({ name }) => name === 'project');
  if (project === undefined) return { ok: false, error: fault({ line: 1 }, 'there is no section [project]') };
  for (const section of sections) {
    const wrong = headerFault(section);
    if (wrong !== undefined) return { ok: false, error: wrong };
  }
  const name = required(project, 'name');
  if (!name.ok) return name;
  const version = required(project, 'version');
  if (!version.ok) return version;
  const blobs = blobsOf(sections);
  if (!blobs.ok) return blobs;
  return ok({ name: name.value, version: version.value, blobs: blobs.value, warnings: warningsOf(sections, file) });
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

const isUtf8 = (bytes: Uint8Array): boolean => {
  try {
    strictUtf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** The line of the first byte that is no UTF-8: a line feed never stands inside a character. */
const firstBadLine = (bytes: Uint8Array): number => {
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (!isUtf8(bytes.subarray(start, end < 0 ? bytes.length : end))) return line;
    start = end < 0 ? bytes.length : end + 1;
  }
  return line;
};

/** Fails with `project_unusable`: `file`, the line, and what is wrong there. */
export const parseProjectIni = (bytes: Uint8Array, file: string): Result<ProjectIni> => {
  if (bytes.length > largestIni) return fail('project_unusable', `${file} has more than ${largestIni} bytes`);
  if (!isUtf8(bytes)) return fail('project_unusable', `${file} line ${firstBadLine(bytes)}: not valid UTF-8`);
  const sections = parseIni(strictUtf8.decode(bytes));
  const result = sections.ok ? read(sections.value, file) : sections;
  return result.ok ? result : fail('project_unusable', `${file} line ${result.error.line}: ${result.error.reason}`);
};
