// Schemas as rows of a Markdown table. Reads the JSON Schema that a zod schema gives of itself.

/** The part of JSON Schema that our schemas use. */
export interface JsonSchema {
  readonly type?: string | undefined;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly pattern?: string | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  /** What holds when it is absent. */
  readonly default?: unknown;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly contentEncoding?: string | undefined;
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  /** What the keys of an object hold that may have any. */
  readonly additionalProperties?: boolean | JsonSchema | undefined;
  readonly items?: JsonSchema | undefined;
}

const code = (text: string): string => `\`${text}\``;

/** A pipe would end the cell. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);

const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

export const table = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n');

const uuidPattern = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/** `1 to 255`, `0 or more`, `at most 100`; undefined when there is no bound worth a word. */
const range = (least: number | undefined, most: number | undefined): string | undefined => {
  const upper = most === undefined || most === Number.MAX_SAFE_INTEGER ? undefined : most.toLocaleString('en');
  if (least === undefined || least < 0) return upper === undefined ? undefined : `at most ${upper}`;
  const lower = least.toLocaleString('en');
  return upper === undefined ? `${lower} or more` : `${lower} to ${upper}`;
};

const withRange = (what: string, bounds: string | undefined): string => (bounds === undefined ? what : `${what}, ${bounds}`);

const textType = ({ pattern, contentEncoding, minLength, maxLength }: JsonSchema): string => {
  if (pattern === uuidPattern) return 'UUID, lower case';
  if (contentEncoding !== undefined) return contentEncoding;
  if (pattern !== undefined) return `text like ${code(pattern)}`;
  const bounds = range(minLength, maxLength);
  return bounds === undefined ? 'text' : `text, ${bounds} characters`;
};

/** What every member of an object holds whose keys are anybody's, where that is told field by field. */
const memberOf = ({ additionalProperties: member }: JsonSchema): JsonSchema | undefined =>
  typeof member === 'object' && member.properties !== undefined ? member : undefined;

const typeOf = (schema: JsonSchema): string => {
  const { default: otherwise, ...rest } = schema;
  if (otherwise !== undefined) return `${typeOf(rest)}; ${code(JSON.stringify(otherwise))} when absent`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  switch (schema.type) {
    case 'string':
      return textType(schema);
    case 'integer':
    case 'number':
      return withRange(schema.type, range(schema.minimum, schema.maximum));
    case 'array':
      return withRange('list', range(schema.minItems, schema.maxItems));
    case 'object':
      if (memberOf(schema) !== undefined) return 'object';
      return schema.properties === undefined && schema.additionalProperties !== undefined ? 'object with any keys' : 'object';
    case undefined:
      return 'anything';
    default:
      return schema.type;
  }
};

/** One row a field, those of nested objects and lists after theirs: name (`?` when it may be absent), type, meaning. */
const fieldRows = (schema: JsonSchema, prefix: string): string[][] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const place = `${prefix}${name}${schema.required?.includes(name) === true ? '' : '?'}`;
    const own = [code(place), typeOf(field), field.description ?? ''];
    const nested = field.items === undefined ? fieldRows(field, `${place}.`) : fieldRows(field.items, `${place}[].`);
    return [own, ...nested, ...fieldRows(memberOf(field) ?? {}, `${place}.NAME.`)];
  });

/** The fields of an object as a table; `leaveOut` names those that another table has. */
export const fieldTable = (schema: JsonSchema, leaveOut: readonly string[] = []): string => {
  const properties = Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !leaveOut.includes(name)));
  const rows = fieldRows({ ...schema, properties }, '');
  return rows.length === 0 ? 'No fields of its own.' : table(['field', 'type', 'meaning'], rows);
};

/** Fields that every one of these objects has, in the order of the first, but for `leaveOut`. */
export const sharedFields = (schemas: readonly JsonSchema[], leaveOut: readonly string[]): string[] =>
  Object.keys(schemas[0]?.properties ?? {}).filter(
    (name) => !leaveOut.includes(name) && schemas.every((schema) => schema.properties?.[name] !== undefined),
  );
