// Typed reading of rows: `node:sqlite` returns unions. A column of the wrong type is a defect or a damaged file, so it throws.

export type Row = Readonly<Record<string, unknown>>;

const wrong = (name: string, wanted: string): never => {
  throw new TypeError(`the column ${name} holds no ${wanted}`);
};

export const integerOf = (row: Row | undefined, name: string): number => {
  const value = row?.[name];
  return typeof value === 'number' ? value : wrong(name, 'integer');
};

export const textOf = (row: Row | undefined, name: string): string => {
  const value = row?.[name];
  return typeof value === 'string' ? value : wrong(name, 'text');
};

/** Text, or undefined for NULL. */
export const optionalTextOf = (row: Row | undefined, name: string): string | undefined =>
  row?.[name] === null ? undefined : textOf(row, name);
