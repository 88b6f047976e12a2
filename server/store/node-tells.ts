// What events tell of their nodes, into the tables.
//
// A node's record follows its newest stream: what an older one brings late tells nothing any more. With a `node` event a daemon
// begins to tell all that stands, because it has begun or because it was asked to: its conditions, its wishes to be ended, its
// keepalive and its properties follow, and what was told of them before is gone, also what the node has lost the memory of. The last converge is
// not told again: it stays with its machine, and is gone with the first word of another one. Texts are cut to what a list can carry.
import type { NodeConverge, NodeKeepalive, NodeShutdown } from '../../actors/server/ports.ts';
import type { Card } from '../../protocol/card.ts';
import type { EventOf, JetpackEvent } from '../../protocol/events.ts';
import { withProperty } from '../../protocol/properties.ts';
import { assertNever } from '../../protocol/result.ts';
import { textOf } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';
import type { Source } from './event-log.ts';
import { propertiesOf } from './node-records.ts';

/** The longest texts of a record, characters. */
const line = 1_000;
const output = 8_192;

/** Of the tree of properties, as JSON, characters. */
const mostProperties = 65_536;

/** Conditions kept of one node, and as many wishes; beyond it the oldest gives way. */
const mostOfANode = 256;

const bound = (table: string): string => `DELETE FROM ${table} WHERE node_id = ?1 AND name IN
  (SELECT name FROM ${table} WHERE node_id = ?1 ORDER BY at DESC, name LIMIT -1 OFFSET ${mostOfANode})`;

const cut = (text: string, most: number): string => (text.length <= most ? text : text.slice(0, most));
/** Output is of interest for its end. */
const cutStart = (text: string): string => (text.length <= output ? text : text.slice(-output));

const cutCard = (card: Card): Card => ({
  ...card,
  summary: cut(card.summary, line),
  recommendation: cut(card.recommendation, line),
  ...(card.output === undefined ? {} : { output: cutStart(card.output) }),
});

const convergeOf = ({ run, trigger, outcome, done, total, step, failure, at }: EventOf<'converge'>): NodeConverge => ({
  run,
  trigger,
  outcome,
  done,
  total,
  ...(step === undefined ? {} : { step: cut(step, line) }),
  ...(failure === undefined ? {} : { failure: cutCard(failure) }),
  at,
});

const keepaliveOf = ({ expiresAt, reason }: EventOf<'keepalive'>): NodeKeepalive => ({
  ...(expiresAt === undefined ? {} : { expiresAt }),
  ...(reason === undefined ? {} : { reason: cut(reason, line) }),
});

const shutdownOf = ({ request, cause, way, reason, at }: EventOf<'shutdown'>): NodeShutdown => ({
  request,
  cause,
  way,
  ...(reason === undefined ? {} : { reason: cut(reason, line) }),
  at,
});

/** Kinds that tell of their node. */
type Telling = EventOf<'node' | 'phase' | 'converge' | 'condition' | 'termination' | 'keepalive' | 'shutdown' | 'installation' | 'property'>;

export class NodeTells {
  readonly #claim: Statement;
  readonly #instance: Statement;
  readonly #forget: readonly Statement[];
  readonly #forgetConverge: Statement;
  readonly #node: Statement;
  readonly #phase: Statement;
  readonly #keepalive: Statement;
  readonly #converge: Statement;
  readonly #condition: Statement;
  readonly #dropCondition: Statement;
  readonly #boundConditions: Statement;
  readonly #request: Statement;
  readonly #boundRequests: Statement;
  readonly #withdraw: Statement;
  readonly #heal: Statement;
  readonly #shutdown: Statement;
  readonly #withdrawShutdown: Statement;
  readonly #properties: Statement;
  readonly #propertiesOf: Statement;
  readonly #hostname: Statement;

  constructor(database: Database) {
    this.#claim = database.prepare('UPDATE nodes SET told_by = ? WHERE node_id = ? AND told_by <= ?');
    this.#instance = database.prepare('SELECT instance FROM nodes WHERE node_id = ?');
    this.#forget = [
      'UPDATE nodes SET keepalive = NULL, shutdown = NULL, properties = NULL WHERE node_id = ?',
      'DELETE FROM conditions WHERE node_id = ?',
      'DELETE FROM terminations WHERE node_id = ?',
    ].map((sql) => database.prepare(sql));
    this.#forgetConverge = database.prepare('UPDATE nodes SET converge = NULL WHERE node_id = ?');
    this.#node = database.prepare('UPDATE nodes SET instance = ?, hostname = ?, version = ? WHERE node_id = ?');
    this.#phase = database.prepare('UPDATE nodes SET phase = ?, detail = ?, phase_at = ? WHERE node_id = ?');
    this.#keepalive = database.prepare('UPDATE nodes SET keepalive = ? WHERE node_id = ?');
    this.#converge = database.prepare('UPDATE nodes SET converge = ? WHERE node_id = ?');
    this.#condition = database.prepare(`
      INSERT OR REPLACE INTO conditions (node_id, name, status, message, description, details, recommendation, action_type, ghr_category, at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    `);
    this.#dropCondition = database.prepare('DELETE FROM conditions WHERE node_id = ? AND name = ?');
    this.#boundConditions = database.prepare(bound('conditions'));
    this.#request = database.prepare('INSERT OR REPLACE INTO terminations VALUES (?, ?, ?, ?, ?)');
    this.#boundRequests = database.prepare(bound('terminations'));
    this.#withdraw = database.prepare('DELETE FROM terminations WHERE node_id = ? AND request = ?');
    this.#heal = database.prepare('DELETE FROM terminations WHERE node_id = ? AND name = ?');
    this.#shutdown = database.prepare('UPDATE nodes SET shutdown = ? WHERE node_id = ?');
    this.#withdrawShutdown = database.prepare("UPDATE nodes SET shutdown = NULL WHERE node_id = ? AND json_extract(shutdown, '$.request') = ?");
    this.#properties = database.prepare('UPDATE nodes SET properties = ? WHERE node_id = ?');
    this.#propertiesOf = database.prepare('SELECT properties FROM nodes WHERE node_id = ?');
    this.#hostname = database.prepare('UPDATE nodes SET hostname = ? WHERE node_id = ?');
  }

  /** Lets an event tell of its node. Streams are numbered as they are first seen: an older one has nothing to say any more. */
  tell({ nodeId, streamId }: Source, event: JetpackEvent): void {
    switch (event.kind) {
      case 'node':
      case 'phase':
      case 'converge':
      case 'condition':
      case 'termination':
      case 'keepalive':
      case 'shutdown':
      case 'installation':
      case 'property':
        if (this.#claim.run(streamId, nodeId, streamId).changes > 0) this.#tell(nodeId, event);
        return;
      case 'log':
      case 'autoscale':
      case 'test':
      case 'command':
      case 'undelivered':
      case 'dropped':
        return;
      default:
        assertNever(event);
    }
  }

  /** What was told past the streams of the node: it comes after what they have told so far, and holds back nothing that they tell later. */
  tellBeside({ nodeId }: Source, event: EventOf<'installation'>): void {
    this.#tell(nodeId, event);
  }

  #tell(nodeId: number, event: Telling): void {
    switch (event.kind) {
      case 'node': {
        const before = textOf(this.#instance.get(nodeId), 'instance');
        for (const statement of this.#forget) statement.run(nodeId);
        if (before !== '' && before !== event.instanceId) this.#forgetConverge.run(nodeId);
        this.#node.run(event.instanceId, event.hostname, event.version, nodeId);
        return;
      }
      case 'phase':
        this.#phase.run(event.phase, event.detail ?? null, event.at, nodeId);
        return;
      case 'converge':
        this.#converge.run(JSON.stringify(convergeOf(event)), nodeId);
        return;
      case 'condition':
        this.#tellCondition(nodeId, event);
        return;
      case 'termination':
        this.#tellTermination(nodeId, event);
        return;
      case 'keepalive':
        this.#keepalive.run(event.holds ? JSON.stringify(keepaliveOf(event)) : null, nodeId);
        return;
      case 'shutdown':
        if (event.state === 'requested') this.#shutdown.run(JSON.stringify(shutdownOf(event)), nodeId);
        else this.#withdrawShutdown.run(nodeId, event.request);
        return;
      case 'property':
        this.#tellProperty(nodeId, event);
        return;
      case 'installation':
        this.#hostname.run(cut(event.hostname, line), nodeId);
        return;
      default:
        assertNever(event);
    }
  }

  /** The tree as the node has it, but for what a list cannot carry: that is left out, for what it was before it is no more. */
  #tellProperty(nodeId: number, { key, value }: EventOf<'property'>): void {
    const before = propertiesOf(this.#propertiesOf.get(nodeId));
    const tree = JSON.stringify(withProperty(before, key, value));
    this.#properties.run(tree.length <= mostProperties ? tree : JSON.stringify(withProperty(before, key, undefined)), nodeId);
  }

  #tellTermination(nodeId: number, { state, request, check, reason, at }: EventOf<'termination'>): void {
    if (state === 'withdrawn') {
      this.#withdraw.run(nodeId, request);
      return;
    }
    this.#request.run(nodeId, cut(check, line), request, cut(reason, line), at);
    this.#boundRequests.run(nodeId);
  }

  #tellCondition(nodeId: number, event: EventOf<'condition'>): void {
    const name = cut(event.name, line);
    const text = (value: string | undefined): string | null => (value === undefined ? null : cut(value, line));
    // A check that is well does not ask for an end, even if its node has lost the memory of having asked.
    if (event.status === 'OK' || event.status === 'NA') this.#heal.run(nodeId, name);
    if (event.status === 'NA') {
      this.#dropCondition.run(nodeId, name);
      return;
    }
    const { actionType, at, description, details, ghrCategory, message, recommendation, status } = event;
    const end = details === undefined ? null : cutStart(details);
    this.#condition.run(nodeId, name, status, text(message), text(description), end, text(recommendation), text(actionType), text(ghrCategory), at);
    this.#boundConditions.run(nodeId);
  }
}
