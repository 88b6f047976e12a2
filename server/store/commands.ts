// Commands of this server and how each of their nodes stands with them.
//
// A target:  pending -> accepted -> done | failed       as its node tells by its `command` events
//            pending | accepted -> expired              by its node, or by this server's clock: of what was accepted a day later
//            expired -> accepted | done | failed        the node had taken it, and was only late to tell
//
// Nothing leads away from done or failed, and only events of the node itself move a target on. A command that is over gives way
// once there are 10,000 newer ones. Neither the value of a setting nor the words that it was asked for in are kept here.
import { acceptedGraceMs, type Change, type CommandRecord, type CommandSummary, type PendingTarget, type TargetState } from '../../actors/server/order-ports.ts';
import type { EventOf } from '../../protocol/events.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { integerOf, textOf } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';
import { argumentsText, commandOf, hashOf, stateOf, targetOf, traceText } from './command-rows.ts';
import { pageLength } from './event-log.ts';

const kept = 10_000;
/** Given up together at most. */
const prunedTogether = 100;
const longestMessage = 1_000;

export class Commands {
  readonly #words: Statement;
  readonly #insert: Statement;
  readonly #insertTarget: Statement;
  readonly #old: Statement;
  readonly #drop: readonly Statement[];
  readonly #move: Statement;
  readonly #expire: Statement;
  readonly #one: Statement;
  readonly #targets: Statement;
  readonly #newest: Statement;
  readonly #counts: Statement;
  readonly #pending: Statement;
  readonly #byNumber: Statement;
  readonly #state: Statement;

  constructor(database: Database) {
    this.#words = database.prepare('SELECT words_hash FROM commands WHERE id = ?');
    this.#insert = database.prepare(`INSERT INTO commands (id, cluster, name, arguments, words_hash, issued_at, expires_at, trace)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number`);
    this.#insertTarget = database.prepare("INSERT OR IGNORE INTO targets (number, node, state, changed_at) VALUES (?, ?, 'pending', ?)");
    this.#old = database.prepare('SELECT number FROM commands WHERE number <= ? AND expires_at < ? ORDER BY number LIMIT ?');
    this.#drop = ['DELETE FROM targets WHERE number = ?', 'DELETE FROM commands WHERE number = ?'].map((sql) => database.prepare(sql));
    this.#move = database.prepare(`UPDATE targets SET state = ?, code = ?, message = ?, changed_at = ?
      WHERE number = (SELECT number FROM commands WHERE id = ? AND cluster = ?) AND node = ? AND state NOT IN ('done', 'failed')`);
    // The condition of the index, word for word, or SQLite would not use it.
    this.#expire = database.prepare(`UPDATE targets SET state = 'expired', code = 'command_expired', changed_at = ?1
      WHERE state IN ('pending', 'accepted')
        AND (SELECT expires_at FROM commands WHERE commands.number = targets.number) <= iif(state = 'accepted', ?1 - ${acceptedGraceMs}, ?1)`);
    this.#one = database.prepare('SELECT * FROM commands WHERE id = ?');
    this.#targets = database.prepare('SELECT * FROM targets WHERE number = ? ORDER BY node');
    this.#newest = database.prepare('SELECT * FROM commands ORDER BY number DESC LIMIT ?');
    this.#counts = database.prepare('SELECT state, count(*) AS nodes FROM targets WHERE number = ? GROUP BY state');
    this.#pending = database.prepare("SELECT number, node, state FROM targets WHERE state IN ('pending', 'accepted') AND number > ? ORDER BY number, node");
    this.#byNumber = database.prepare('SELECT * FROM commands WHERE number = ?');
    this.#state = database.prepare('SELECT state FROM targets WHERE number = (SELECT number FROM commands WHERE id = ?) AND node = ?');
  }

  /** Whether a command of this id is there, and if so, whether it was asked for in these words. */
  find(id: string, request: string): 'new' | 'known' | 'conflict' {
    const row = this.#words.get(id);
    if (row === undefined) return 'new';
    return textOf(row, 'words_hash') === hashOf(request) ? 'known' : 'conflict';
  }

  add({ command, nodes, request }: Extract<Change, { type: 'command' }>, now: number): void {
    const { id, cluster, name, expiresAt } = command;
    const inserted = this.#insert.get(id, cluster, name, argumentsText(command), hashOf(request), now, expiresAt, traceText(command));
    const number = integerOf(inserted, 'number');
    for (const node of nodes) this.#insertTarget.run(number, node, now);
    for (const old of this.#old.all(number - kept, now, prunedTogether)) {
      for (const statement of this.#drop) statement.run(integerOf(old, 'number'));
    }
  }

  /** Lets a node tell of a command. One that is not for it is left as it is. */
  tell({ cluster, node }: NodeAddress, { command, state, code, message }: EventOf<'command'>, now: number): void {
    this.#move.run(state, code?.slice(0, longestMessage) ?? null, message?.slice(0, longestMessage) ?? null, now, command, cluster, node);
  }

  expire(now: number): void {
    this.#expire.run(now);
  }

  command(id: string): CommandRecord | undefined {
    const row = this.#one.get(id);
    return row === undefined ? undefined : { ...commandOf(row), targets: this.#targets.all(integerOf(row, 'number')).map(targetOf) };
  }

  commands(limit: number): readonly CommandSummary[] {
    const commands: CommandSummary[] = [];
    let length = 0;
    for (const row of this.#newest.iterate(limit)) {
      const counts = this.#counts.all(integerOf(row, 'number')).map((count) => [stateOf(count), integerOf(count, 'nodes')] as const);
      const command = { ...commandOf(row), nodes: Object.fromEntries(counts) };
      commands.push(command);
      length += JSON.stringify(command).length;
      if (length > pageLength) break;
    }
    return commands;
  }

  pendingTargets(after = 0): readonly PendingTarget[] {
    const commands = new Map<number, PendingTarget['command']>();
    return this.#pending.all(after).map((row) => {
      const number = integerOf(row, 'number');
      const command = commands.get(number) ?? this.#commandAt(number);
      commands.set(number, command);
      return { number, command, node: textOf(row, 'node'), state: row['state'] === 'accepted' ? 'accepted' : 'pending' };
    });
  }

  targetState(id: string, node: string): TargetState | undefined {
    const row = this.#state.get(id, node);
    return row === undefined ? undefined : stateOf(row);
  }

  #commandAt(number: number): PendingTarget['command'] {
    const { issuedAt: _issuedAt, ...command } = commandOf(this.#byNumber.get(number) ?? {});
    return command;
  }
}
