// What is printed once, when the cluster serves: where it is, and what to try.
import path from 'node:path';
import type { Cluster } from './cluster.ts';
import { clusterName, logFolder, nodeHome, nodeNames, root, type BoxPlan } from './plan.ts';
import type { Palette } from './view.ts';

/** As a shell takes it for one word. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);

const endOf = ({ forMs, untilReady }: Pick<BoxPlan, 'forMs' | 'untilReady'>): string => {
  const settled = untilReady ? 'when every node is ready or has failed' : undefined;
  const time = forMs === undefined ? undefined : `after ${forMs / 1000} s`;
  const ends = [settled, time].filter((end) => end !== undefined);
  return ends.length === 0 ? 'Ctrl-C ends it.' : `Ends by itself ${ends.join(', or ')}.`;
};

export const banner = ({ about, url }: Pick<Cluster, 'about' | 'url'>, { state, forMs, untilReady }: BoxPlan, { dim, strong }: Palette): readonly string[] => {
  const jetpack = quoted(path.join(root, 'bin', 'jetpack'));
  const home = quoted(nodeHome(state, nodeNames[0]));
  const other = quoted(nodeHome(state, nodeNames[1]));
  const order = quoted(JSON.stringify({ cluster: clusterName, nodes: 'all', command: 'check' }));
  return [
    strong('Jetpack: a cluster in a box'),
    dim(about),
    '',
    `API   ${url}/api/nodes  ${url}/api/events  ${url}/api/commands  ${url}/healthz`,
    `Logs  ${logFolder(state)}`,
    'Try   in another terminal:',
    `      ${jetpack} status --home ${home}`,
    `      ${jetpack} config cyclecloud.node.name --home ${home}`,
    `      ${jetpack} keepalive 2h --reason 'looking around' --home ${other}`,
    `      ${jetpack} log 'system is now ready' --home ${home}`,
    `      curl -d ${order} -H 'content-type: application/json' ${url}/api/commands`,
    dim(endOf({ forMs, untilReady })),
    '',
  ];
};
