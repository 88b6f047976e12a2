// Nodes as the tables tell of them.
import type { NodeCondition, NodeConverge, NodeKeepalive, NodeRecord, NodeShutdown, NodeTermination } from '../../actors/server/ports.ts';
import type { Tree } from '../../protocol/configuration.ts';
import { conditionStatuses } from '../../protocol/events.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { integerOf, optionalTextOf, textOf, type Row } from '../../storage/columns.ts';
import type { Database } from '../../storage/database.ts';

const conditionOf = (row: Row): NodeCondition => {
  const text = (column: string, name = column): object => {
    const value = optionalTextOf(row, column);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    name: textOf(row, 'name'),
    status: conditionStatuses.find((status) => status === row['status']) ?? 'Unknown',
    ...text('message'),
    ...text('description'),
    ...text('details'),
    ...text('recommendation'),
    ...text('action_type', 'actionType'),
    ...text('ghr_category', 'ghrCategory'),
    at: integerOf(row, 'at'),
  };
};

const terminationOf = (row: Row): NodeTermination => ({
  request: textOf(row, 'request'),
  check: textOf(row, 'name'),
  reason: textOf(row, 'reason'),
  at: integerOf(row, 'at'),
});

const grouped = <T>(rows: readonly Row[], read: (row: Row) => T): ReadonlyMap<number, readonly T[]> => {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const nodeId = integerOf(row, 'node_id');
    const group = groups.get(nodeId);
    if (group === undefined) groups.set(nodeId, [read(row)]);
    else group.push(read(row));
  }
  return groups;
};

const jsonOf = (row: Row, name: string): unknown => {
  const text = optionalTextOf(row, name);
  return text === undefined ? undefined : JSON.parse(text);
};

/** What `NodeTells` wrote into the column. */
export const propertiesOf = (row: Row | undefined): Tree => (row === undefined ? undefined : (jsonOf(row, 'properties') as Tree | undefined)) ?? {};

type Rows = readonly [nodes: readonly Row[], conditions: readonly Row[], terminations: readonly Row[]];

export class NodeRecords {
  readonly #rows: (only: NodeAddress | undefined) => Rows;

  constructor(database: Database) {
    const nodes = database.prepare('SELECT * FROM nodes ORDER BY cluster, node');
    const conditions = database.prepare('SELECT * FROM conditions ORDER BY node_id, name');
    const terminations = database.prepare('SELECT * FROM terminations ORDER BY node_id, at, name');
    const one = database.prepare('SELECT * FROM nodes WHERE cluster = ? AND node = ?');
    const conditionsOf = database.prepare('SELECT * FROM conditions WHERE node_id = ? ORDER BY name');
    const terminationsOf = database.prepare('SELECT * FROM terminations WHERE node_id = ? ORDER BY at, name');
    this.#rows = (only) => {
      if (only === undefined) return [nodes.all(), conditions.all(), terminations.all()];
      const row = one.get(only.cluster, only.node);
      if (row === undefined) return [[], [], []];
      const nodeId = integerOf(row, 'node_id');
      return [[row], conditionsOf.all(nodeId), terminationsOf.all(nodeId)];
    };
  }

  nodes(only?: NodeAddress): readonly NodeRecord[] {
    const [rows, conditionRows, terminationRows] = this.#rows(only);
    const conditions = grouped(conditionRows, conditionOf);
    const terminations = grouped(terminationRows, terminationOf);
    return rows.map((row) => {
      const nodeId = integerOf(row, 'node_id');
      return {
        cluster: textOf(row, 'cluster'),
        node: textOf(row, 'node'),
        instanceId: textOf(row, 'instance'),
        hostname: textOf(row, 'hostname'),
        version: textOf(row, 'version'),
        phase: textOf(row, 'phase'),
        detail: optionalTextOf(row, 'detail'),
        phaseAt: integerOf(row, 'phase_at'),
        conditions: conditions.get(nodeId) ?? [],
        // `NodeTells` wrote these columns.
        keepalive: jsonOf(row, 'keepalive') as NodeKeepalive | undefined,
        terminations: terminations.get(nodeId) ?? [],
        shutdown: jsonOf(row, 'shutdown') as NodeShutdown | undefined,
        properties: propertiesOf(row),
        converge: jsonOf(row, 'converge') as NodeConverge | undefined,
      };
    });
  }
}
