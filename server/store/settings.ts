// Settings and templates, and the one revision that rises with every change of them.
//
// A setting under a key that is set again takes its place behind all others: what was set last holds. A value that is no object
// leaves nothing of what was set below its key, in the tree and so also here.
import type { Setting } from '../../actors/server/order-ports.ts';
import type { Json } from '../../protocol/configuration.ts';
import { isTree } from '../../protocol/tree.ts';
import { integerOf, textOf } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';

export class Settings {
  readonly #revision: Statement;
  readonly #rise: Statement;
  readonly #raise: Statement;
  readonly #put: Statement;
  readonly #dropBelow: Statement;
  readonly #settings: Statement;
  readonly #templates: Statement;
  readonly #putTemplate: Statement;
  readonly #dropTemplate: Statement;

  constructor(database: Database) {
    this.#revision = database.prepare('SELECT value FROM revision');
    this.#rise = database.prepare('UPDATE revision SET value = value + 1');
    this.#raise = database.prepare('UPDATE revision SET value = ?1 + 1 WHERE value <= ?1');
    this.#put = database.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?, ?, ?, (SELECT value FROM revision))');
    // `/` follows `.`: between the two are all keys that begin with this one and a dot.
    this.#dropBelow = database.prepare("DELETE FROM settings WHERE cluster = ?1 AND node = ?2 AND key > ?3 || '.' AND key < ?3 || '/'");
    this.#settings = database.prepare('SELECT * FROM settings WHERE cluster = ? ORDER BY set_at, node, key');
    this.#templates = database.prepare('SELECT * FROM templates');
    this.#putTemplate = database.prepare('INSERT OR REPLACE INTO templates VALUES (?, ?)');
    this.#dropTemplate = database.prepare('DELETE FROM templates WHERE cluster = ?');
  }

  revision(): number {
    return integerOf(this.#revision.get(), 'value');
  }

  raise(above: number): void {
    this.#raise.run(above);
  }

  /** Sets a key for these nodes, or for the whole cluster. */
  set(cluster: string, nodes: readonly string[] | 'cluster', key: string, value: Json): void {
    this.#rise.run();
    for (const node of nodes === 'cluster' ? [''] : nodes) {
      if (!isTree(value)) this.#dropBelow.run(cluster, node, key);
      this.#put.run(cluster, node, key, JSON.stringify(value));
    }
  }

  replaceTemplates(wanted: ReadonlyMap<string, string>): void {
    const present = new Map(this.#templates.all().map((row) => [textOf(row, 'cluster'), textOf(row, 'content')]));
    const changed = [...wanted].filter(([cluster, content]) => present.get(cluster) !== content);
    const gone = [...present.keys()].filter((cluster) => !wanted.has(cluster));
    if (changed.length === 0 && gone.length === 0) return;
    this.#rise.run();
    for (const [cluster, content] of changed) this.#putTemplate.run(cluster, content);
    for (const cluster of gone) this.#dropTemplate.run(cluster);
  }

  settings(cluster: string): readonly Setting[] {
    return this.#settings.all(cluster).map((row) => {
      const node = textOf(row, 'node');
      // Written by `set`.
      const value = JSON.parse(textOf(row, 'value')) as Json;
      return { ...(node === '' ? {} : { node }), key: textOf(row, 'key'), value };
    });
  }
}
