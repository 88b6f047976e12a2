// Typed reading of rows: `node:sqlite` returns unions. A column of the wrong type is a defect or a damaged file, so it throws.

export type Row = Readonly<Record<string, unknown>>;

const wrong = (name: string, wanted: string): never => {
  throw new TypeError(`the column ${name} holds no ${wanted}`);
};

export const integer = (value: unknown, name = ''): number => (typeof value === 'number' ? value : wrong(name, 'integer'));

export const text = (value: unknown, name = ''): string => (typeof value === 'string' ? value : wrong(name, 'text'));

export const integerOf = (row: Row | undefined, name: string): number => integer(row?.[name], name);

export const textOf = (row: Row | undefined, name: string): string => text(row?.[name], name);

/** A row of a statement that was told to return lists, which its type does not know. */
export const columnsOf = (row: unknown): readonly unknown[] => (Array.isArray(row) ? row : []);

/** Text, or undefined for NULL. */
export const optionalTextOf = (row: Row | undefined, name: string): string | undefined =>
  row?.[name] === null ? undefined : textOf(row, name);
