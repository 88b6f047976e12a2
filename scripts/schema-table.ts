// Schemas as rows of a Markdown table. Reads the JSON Schema that a zod schema gives of itself.

/** The part of JSON Schema that our schemas use. */
export interface JsonSchema {
  readonly type?: string | undefined;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly pattern?: string | undefined;
  readonly maxLength?: number | undefined;
  readonly contentEncoding?: string | undefined;
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: JsonSchema | undefined;
}

const code = (text: string): string => `\`${text}\``;

/** A pipe would end the cell. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);

const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

export const table = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n');

const uuidPattern = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

const textType = ({ pattern, contentEncoding, maxLength }: JsonSchema): string => {
  if (pattern === uuidPattern) return 'UUID, lower case';
  if (contentEncoding !== undefined) return contentEncoding;
  if (pattern !== undefined) return `text like ${code(pattern)}`;
  return maxLength === undefined ? 'text' : `text, at most ${maxLength} characters`;
};

const typeOf = (schema: JsonSchema): string => {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  if (schema.type === 'string') return textType(schema);
  if (schema.type === 'integer') {
    return schema.minimum === undefined || schema.minimum < 0 ? 'integer' : `integer, ${schema.minimum} or more`;
  }
  return schema.type ?? 'anything';
};

/** One row a field, those of nested objects and lists after theirs: name (`?` when it may be absent), type, meaning. */
const fieldRows = (schema: JsonSchema, prefix: string): string[][] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const place = `${prefix}${name}${schema.required?.includes(name) === true ? '' : '?'}`;
    const own = [code(place), field.type === 'array' ? 'list' : typeOf(field), field.description ?? ''];
    const nested = field.items === undefined ? fieldRows(field, `${place}.`) : fieldRows(field.items, `${place}[].`);
    return [own, ...nested];
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
