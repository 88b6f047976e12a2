// docs/CLI.md: the help of every command as `jetpack` prints it, and what holds for all of them.
import { flattened, shapeOf, type CommandShape } from '../commands/completion/shapes.ts';
import { compatibleVersion } from '../commands/compatible-version.ts';
import { parseCommandLine, wholeProgram } from '../commands/parse.ts';
import { version } from '../node/version.ts';
import { table } from './schema-table.ts';

const code = (text: string): string => `\`${text}\``;

const helpOf = async (words: readonly string[]): Promise<string> => {
  const parsed = await parseCommandLine([...words, '--help'], '0');
  if (parsed.type !== 'text') throw new Error(`jetpack ${words.join(' ')} has no help`);
  // The same for all: told once.
  return parsed.text.replace(/\nGlobal Options:\n(?:[^\n]+\n)+/, '').trimEnd();
};

const exitCodes: ReadonlyArray<readonly [code: string, meaning: string]> = [
  ['0', 'It did what it was asked. With `jetpackd` away that is so of a message that waits on disk, and of an answer from files that hold all that was asked (`config`, `props get`, `users`, `keepalive show`); where it is not as usual, a line on standard error says so.'],
  ['1', 'It failed: one line on standard error says why and ends with a code ([ERRORS.md](ERRORS.md)). `health` also ends so when a check is not well, `test` when a test failed; `status` and `health` when `jetpackd` does not answer: they print what files say, and that is not all that was asked, for how the node is now nobody else can tell.'],
  ['2', 'The command line is wrong: one line on standard error names what.'],
];

const variables: ReadonlyArray<readonly [name: string, meaning: string]> = [
  ['JETPACK_HOME', "The node's home, unless `--home` names one."],
  ['CYCLECLOUD_HOME', 'The same, when that is not set either. Empty counts as not set.'],
  ['CYCLECLOUD_PROJECT_NAME', 'The project of `download`, unless `--project` names one. Scripts of a project have it.'],
  ['NO_COLOR', 'No colours on a terminal, when it is set to anything.'],
  ['TERM', 'No colours when it is `dumb`.'],
  ['TZ', 'The time zone of times that are shown.'],
  ['TRACEPARENT, TRACESTATE', 'The trace that the call belongs to; what it brings about belongs to it too ([TELEMETRY.md](TELEMETRY.md)).'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'Where the call reports its own part of the trace, and the other variables of OpenTelemetry with it.'],
  ['JETPACK_DEBUG', '`1` shows where in the program a defect is.'],
];

const files: ReadonlyArray<readonly [file: string, meaning: string]> = [
  ['config/node.json', '`config` answers from it; `props`, `users`, `download`, `test` and `report_issue` look into it.'],
  ['config/node.last-good.json', 'The same from before, where `node.json` cannot be read: a line on standard error says so.'],
  ['config/properties.json', 'What `props set` set.'],
  ['config/auth.json', 'What `users` shows.'],
  ['run/spool/', 'Messages that wait for `jetpackd`; in `rejected/` those that it then refused, each with the reason beside it.'],
  ['run/node.keepalive', 'What `keepalive show` and `status` say while `jetpackd` is away.'],
  ['run/state.db, run/outbox.db', 'What `jetpackd` remembers and what waits to be sent. While it is away, `status` and `health` look into them where their caller may: its own user and root.'],
  ['run/jetpack.sock, run/front.sock', 'Where `jetpackd` answers the members of its group.'],
  ['run/admin.sock, run/front-admin.sock', 'Where it answers its own user and root, to whom alone some commands are open: their help says so.'],
  ['logs/', 'What `report_issue` packs.'],
  ['cluster-init/PROJECT/SPEC/tests/', 'What `test` runs.'],
];

/** Of a command below `jetpack`. */
const section = async ({ place }: CommandShape): Promise<string> => {
  const words = place.slice(1).split('/');
  return `### ${code(words.join(' '))}\n\n\`\`\`text\n${await helpOf(words)}\n\`\`\``;
};

export const commandLinePage = async (): Promise<string> => {
  const shape = shapeOf(await wholeProgram());
  const sections: string[] = [];
  for (const each of flattened(shape).slice(1)) sections.push(await section(each));
  return `# The command line

What \`jetpack\` can do, as its help says it. Made from \`commands/\` by \`npm run docs\`.

Standard output holds the answer and nothing else, so that \`$(jetpack config KEY)\` is safe; what goes wrong is one line on standard error. Tables are aligned and coloured on a
terminal; elsewhere the cells of a row stand apart by a tab each, for \`cut\` and \`awk\`. \`--json\`, or \`--output json\`, is for programs. \`jetpack completion\` prints what
bash, zsh and fish need to complete it all.

Where \`jetpackd\` does not answer, a command does what can be done without: it answers from files or leaves its message on disk, and one line on standard error says so. The help of
those that cannot says what of them needs \`jetpackd\`: that ends with 1 and \`daemon_unreachable\`.

## ${code('jetpack')}

\`\`\`text
${await helpOf([])}
\`\`\`

## Version

\`jetpack --version\` prints a version by which scripts know what they may call: ${code(compatibleVersion(version))}. The number before the dash is that of the original agent whose commands are all here: those
who ask for 8.1, 8.8.0 or 8.10.0 before they set conditions and the like take the way of new agents. \`cyclecloud.jetpack.version\` in the configuration is the same. After the dash stands this program's own
version as one integer (1.2.3 is 10203), which \`jetpack status\`, \`jetpackd --version\` and \`cycle-server --version\` print as it is.

## Exit codes

${table(['exit code', 'meaning'], exitCodes)}

## Environment

${table(['variable', 'meaning'], variables.map(([name, meaning]) => [code(name), meaning]))}

## Files

Below the node's home:

${table(['file', 'meaning'], files.map(([name, meaning]) => [code(name), meaning]))}

## Commands

${sections.join('\n\n')}
`;
};
