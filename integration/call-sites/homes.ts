// The two nodes that call sites are run on: one with a daemon and its server, and one that is a folder with files alone, as
// people write it on machines that no cluster manages.
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestCluster } from '../../box/testing/cluster.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { isObject } from './plain.ts';
import type { SeenEvent, Witness } from './effects.ts';
import { filesFolder } from './rows.ts';

const copies = { 'auth.json': 'auth.json', 'properties.json': 'properties.json' };

/** Puts the fixture into a home; `node`: under which name its configuration. */
const furnish = (home: string, node: 'node.json' | 'node.seed.json'): void => {
  const config = path.join(home, 'config');
  const checks = path.join(config, 'healthcheck.d');
  for (const folder of [home, config, checks]) {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    chmodSync(folder, 0o750);
  }
  for (const [from, to] of Object.entries({ ...copies, 'node.json': node })) {
    copyFileSync(path.join(filesFolder, from), path.join(config, to));
    chmodSync(path.join(config, to), 0o640);
  }
  copyFileSync(path.join(filesFolder, 'checks/10-noting.sh'), path.join(checks, '10-noting.sh'));
};

export interface TestNode {
  readonly home: string;
  /** Absent where no daemon runs. */
  readonly witness: Witness | undefined;
  dispose(): Promise<void>;
}

export const startNodeWithDaemon = async (): Promise<TestNode> => {
  const cluster = new TestCluster({ nodes: 0 });
  await cluster.startServer();
  const home = cluster.home(0);
  furnish(home, 'node.seed.json');
  await cluster.startNode(0);
  const events = async (): Promise<readonly SeenEvent[]> =>
    (await cluster.events()).map(({ position, raw }) => {
      const fields: unknown = JSON.parse(raw);
      return { position, fields: isObject(fields) ? fields : {} };
    });
  await waitFor('the daemon to write node.json', () => existsSync(path.join(home, 'config/node.json')));
  await waitFor('the node to be ready', async () => (await events()).some(({ fields }) => fields['phase'] === 'ready'));
  return { home, witness: { home, events }, dispose: () => cluster.stop() };
};

export const makeNodeOfFiles = (): TestNode => {
  const home = mkdtempSync(path.join(tmpdir(), 'call-sites-home-'));
  furnish(home, 'node.json');
  return { home, witness: undefined, dispose: async () => rmSync(home, { recursive: true }) };
};
