// The two nodes that call sites are run on: one with a daemon and its server, and one that is a folder with files alone, as
// people write it on machines that no cluster manages.
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestCluster } from '../../box/testing/cluster.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { SeenEvent } from './effects.ts';
import { listedSpecs, lockerAddress, placeProjects } from './locker.ts';
import { plainLookUp, readTree } from './plain.ts';
import { fill, filesFolder, isFields } from './rows.ts';

/** Puts files of the fixture into a home, under these names of their own. */
const furnish = (home: string, files: Readonly<Record<string, string>>): void => {
  const config = path.join(home, 'config');
  const checks = path.join(config, 'healthcheck.d');
  for (const folder of [home, config, checks]) {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    chmodSync(folder, 0o750);
  }
  for (const [from, to] of Object.entries(files)) {
    const file = path.join(config, to);
    writeFileSync(file, fill(readFileSync(path.join(filesFolder, from), 'utf8'), { locker: lockerAddress }));
    chmodSync(file, 0o640);
  }
  copyFileSync(path.join(filesFolder, 'checks/10-noting.sh'), path.join(checks, '10-noting.sh'));
};

/** Scripts of its projects begin programs, on a machine that has others to run. */
const readyMs = 90_000;

export interface TestNode {
  readonly home: string;
  /** What the server has of it. Absent where no daemon runs. */
  readonly events: (() => Promise<readonly SeenEvent[]>) | undefined;
  dispose(): Promise<void>;
}

/** Their file is the daemon's, so they are set as `jetpack props set` does. */
const setProperties = async (cluster: TestCluster): Promise<void> => {
  for (const [group, properties] of Object.entries(readTree(path.join(filesFolder, 'properties.json')))) {
    for (const [name, value] of Object.entries(isFields(properties) ? properties : {})) {
      const key = `${group}.${name}`;
      const reply = await cluster.request(0, { verb: 'property', id: cluster.mintId(), at: Date.now(), key, value: String(value) });
      if (reply?.ok !== true) throw new Error(`${key} is not set: ${JSON.stringify(reply)}`);
    }
  }
};

const become = async (cluster: TestCluster): Promise<Omit<TestNode, 'dispose'>> => {
  const clusters = path.join(cluster.folder, 'server', 'clusters');
  mkdirSync(clusters, { recursive: true });
  // What only a server says of a node, as the fixture has it.
  const roles = plainLookUp(readTree(path.join(filesFolder, 'node.json')), 'roles');
  writeFileSync(path.join(clusters, 'c.json'), JSON.stringify({ locker: lockerAddress, specs: listedSpecs, nodes: { 'node-*': { roles } } }));
  await cluster.startServer();
  const home = cluster.home(0);
  furnish(home, { 'auth.json': 'auth.json', 'node.json': 'node.seed.json' });
  await cluster.startNode(0);
  const events = async (): Promise<readonly SeenEvent[]> =>
    (await cluster.events()).map(({ position, raw }) => {
      const fields: unknown = JSON.parse(raw);
      return { position, fields: isFields(fields) ? fields : {} };
    });
  await waitFor('the daemon to write node.json', () => existsSync(path.join(home, 'config/node.json')));
  await waitFor(
    'the node to be ready',
    async () => {
      const phases = (await events()).flatMap(({ fields }) => fields['phase'] ?? []);
      if (!phases.includes('ready')) throw new Error(`it was ${JSON.stringify(phases)}`);
      return true;
    },
    readyMs,
  );
  await setProperties(cluster);
  return { home, events };
};

/** Its server names the projects; what they brought is there when this resolves. */
export const startNodeWithDaemon = async (): Promise<TestNode> => {
  const cluster = new TestCluster({ nodes: 0 });
  try {
    return { ...(await become(cluster)), dispose: () => cluster.stop() };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
};

export const makeNodeOfFiles = (): TestNode => {
  const home = mkdtempSync(path.join(tmpdir(), 'call-sites-home-'));
  furnish(home, { 'auth.json': 'auth.json', 'node.json': 'node.json', 'properties.json': 'properties.json' });
  placeProjects(home);
  return { home, events: undefined, dispose: async () => rmSync(home, { recursive: true }) };
};
