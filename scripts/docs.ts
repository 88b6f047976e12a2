// Writes the parts of docs/ that are made from the source: `npm run docs`. With `--check` it writes nothing and fails when
// something differs. docs/CLI.md, docs/ERRORS.md, docs/TELEMETRY.md and docs/asyncapi.yaml are made whole; in docs/PROTOCOL.md and docs/OPERATIONS.md, what stands
// between a pair of comments `<!-- generated: NAME -->` and `<!-- end -->`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clusterlinkMessages } from '../protocol/clusterlink.ts';
import { clusterTemplate } from '../protocol/cluster-template.ts';
import { commandRequest } from '../protocol/command-request.ts';
import { errorCodes, errors } from '../protocol/errors.ts';
import { eventSchemas } from '../protocol/events.ts';
import { frameSchemas } from '../protocol/frames.ts';
import { limits } from '../protocol/limits.ts';
import { hello, progress, reply, requestSchemas } from '../protocol/local.ts';
import { telemetryPage } from '../telemetry/telemetry-page.ts';
import { asyncapiPage } from './asyncapi/document.ts';
import { permissionsTables, policiesTable, routingTable, topologyTables } from './broker-tables.ts';
import { commandLinePage } from './command-line-page.ts';
import { fieldTable, sharedFields, table, type JsonSchema } from './schema-table.ts';

const code = (text: string): string => `\`${text}\``;

const errorsPage = (): string => `# Error codes

Every expected failure carries one of these codes: in replies, in logs and in the line that a command prints.
Made from \`protocol/errors.ts\` by \`npm run docs\`.

${table(
  ['code', 'exit code', 'try again', 'meaning', 'what to do'],
  errorCodes.map((name) => {
    const { exit, retryable, meaning, remedy } = errors[name];
    return [code(name), String(exit), retryable ? 'yes' : 'no', meaning, remedy];
  }),
)}
`;

interface Described {
  toJSONSchema(options: { io: 'input'; unrepresentable: 'any' }): object;
}

/** zod's own type covers every JSON Schema there is; `JsonSchema` is the part that ours can be. */
const asJsonSchema = (schema: Described): JsonSchema => schema.toJSONSchema({ io: 'input', unrepresentable: 'any' });

/** What every kind shares as one table, then each kind's own fields. `inside` names the field that holds those, if one does. */
const kinds = (title: string, schemas: Readonly<Record<string, Described>>, name: string, inside?: string): string => {
  const described = Object.entries(schemas).map(([kind, schema]) => [kind, asJsonSchema(schema)] as const);
  const shared = sharedFields(described.map(([, schema]) => schema), [name, ...(inside === undefined ? [] : [inside])]);
  const [, first] = described[0] ?? ['', {}];
  const own = Object.keys(first.properties ?? {}).filter((field) => !shared.includes(field));
  const body = inside === undefined ? '' : ` ${code(inside)}, which holds what its kind asks for,`;
  const head = `Every ${title} has ${code(name)}, its kind,${body} and:\n\n${fieldTable(first, own)}`;
  const each = described.map(([kind, schema]) => {
    const fields = inside === undefined ? fieldTable(schema, [name, ...shared]) : fieldTable(schema.properties?.[inside] ?? {});
    return `### ${code(kind)}\n\n${schema.description ?? ''}\n\n${fields}`;
  });
  return [head, ...each].join('\n\n');
};

const parts: Readonly<Record<string, () => string>> = {
  limits: () => table(['limit', 'value'], Object.entries(limits).map(([name, value]) => [code(name), value.toLocaleString('en')])),
  'routing keys': routingTable,
  topology: topologyTables,
  policies: policiesTable,
  permissions: permissionsTables,
  frames: () => kinds('frame', frameSchemas, 'kind', 'body'),
  events: () => kinds('event', eventSchemas, 'kind'),
  hello: () => fieldTable(asJsonSchema(hello)),
  requests: () => kinds('request', requestSchemas, 'verb'),
  progress: () => fieldTable(asJsonSchema(progress)),
  commands: () => kinds('command', Object.fromEntries(commandRequest.options.map((schema) => [schema.shape.command.value, schema])), 'command'),
  template: () => fieldTable(asJsonSchema(clusterTemplate)),
  clusterlink: () => kinds('message', clusterlinkMessages, 'type', 'data'),
  replies: () => reply.options.map((schema) => fieldTable(asJsonSchema(schema))).join('\n\n'),
};

const generated = /<!-- generated: (.*?) -->\n(?:.*?\n)??<!-- end -->/gs;

const fillIn = (file: string, page: string): string =>
  page.replaceAll(generated, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`${file} asks for an unknown part: ${name}`);
    return `<!-- generated: ${name} -->\n\n${part()}\n\n<!-- end -->`;
  });

const docs = path.join(import.meta.dirname, '..', 'docs');

/** Commands are loaded as they are called. */
const commandLine = await commandLinePage();

/** Each page that is made, in part or whole: its file, what it holds and what it should hold. */
export const pages = (): Array<{ file: string; present: string; wanted: string }> => {
  const read = (name: string): { file: string; present: string } => {
    const file = path.join(docs, name);
    return { file, present: readFileSync(file, 'utf8') };
  };
  const filledIn = ['PROTOCOL.md', 'OPERATIONS.md'].map(read);
  return [
    { ...read('CLI.md'), wanted: commandLine },
    { ...read('ERRORS.md'), wanted: errorsPage() },
    { ...read('TELEMETRY.md'), wanted: telemetryPage() },
    { ...read('asyncapi.yaml'), wanted: asyncapiPage() },
    ...filledIn.map((page) => ({ ...page, wanted: fillIn(page.file, page.present) })),
  ];
};

const main = (check: boolean): number => {
  const stale = pages().filter(({ present, wanted }) => present !== wanted);
  for (const { file, wanted } of stale) {
    const name = path.relative(process.cwd(), file);
    if (check) console.error(`${name} differs from the source: run npm run docs`);
    else {
      writeFileSync(file, wanted);
      console.log(`${name} written`);
    }
  }
  return check && stale.length > 0 ? 1 : 0;
};

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
