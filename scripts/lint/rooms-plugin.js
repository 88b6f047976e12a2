// An oxlint plugin with one rule: `rooms/order` holds every import to the table in rooms.js.
import path from 'node:path';
import { everywhere, owners, rooms, testPackages } from './rooms.js';

const longestFirst = rooms.map((row, index) => ({ ...row, index })).sort((a, b) => b.room.length - a.room.length);

const rowOf = (file) => longestFirst.find((row) => file.startsWith(`${row.room}/`));

const isTest = (file) =>
  /\.test\.ts$|\.testing\.ts$/.test(file) || /(^|\/)(testing|contract)\//.test(file) || file.startsWith('integration/');

const matches = (wanted, source) => (wanted.endsWith('/') ? source.startsWith(wanted) : source === wanted || source.startsWith(`${wanted}/`));

/** @returns {string | undefined} what is wrong with `file` importing `source` */
export const wrongImport = (file, source) => {
  const row = rowOf(file);
  if (row === undefined) return undefined;
  const owner = Object.entries(owners).find(([name]) => matches(name, source));
  if (owner !== undefined) {
    const allowed = owner[1].some((place) => file === place || (place.endsWith('/') && file.startsWith(place)));
    return allowed ? undefined : `'${source}' is imported by ${owner[1][0]} alone`;
  }
  if (source.startsWith('node:')) return undefined;
  if (source.startsWith('.')) {
    const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), source));
    const other = rowOf(target);
    if (other === undefined || other.index <= row.index) return undefined;
    return `${row.room}/ may not import from ${other.room}/, which stands below it`;
  }
  if (everywhere.some((name) => matches(name, source))) return undefined;
  if (isTest(file) && testPackages.some((name) => matches(name, source))) return undefined;
  if (row.packages.some((name) => matches(name, source))) return undefined;
  const home = rooms.find((other) => other.packages.some((name) => matches(name, source)));
  return home === undefined
    ? `'${source}' belongs to no room: add it to scripts/lint/rooms.js or do without it`
    : `'${source}' belongs to ${home.room}/`;
};

const order = {
  create(context) {
    const root = context.cwd ?? process.cwd();
    const file = path.relative(root, context.filename).split(path.sep).join('/');
    const check = (node) => {
      if (typeof node.source?.value !== 'string') return;
      const wrong = wrongImport(file, node.source.value);
      if (wrong !== undefined) context.report({ node, message: wrong });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

export default { meta: { name: 'rooms' }, rules: { order } };
