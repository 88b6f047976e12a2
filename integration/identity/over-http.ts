// Programs on a node that tell the server over HTTP what they have to.
import { expect } from '@jest/globals';
import { connect } from 'amqplib';
import { apiClient } from '../../box/api-client.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { freePorts } from '../broker/free-ports.ts';
import { clusterName, type EnrollingCluster } from './enrolling-cluster.ts';

type Answer = readonly [status: number, said: unknown];

const post = async (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
  const response = await fetch(new URL('/clusterlink/messages', url), { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  return [response.status, await response.json()];
};

const basic = (user: string, password: string) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` });

/** What `jetpack config` says of a key below `cyclecloud.config`. */
const access = async (cluster: EnrollingCluster, node: string, name: 'username' | 'password'): Promise<string> =>
  (await cluster.jetpack(node, 'config', `cyclecloud.config.${name}`)).stdout.trim();

/** With the credentials that programs find in node.json. */
export const postAs = async (cluster: EnrollingCluster, node: string, body: unknown): Promise<Answer> =>
  post(cluster.url, body, basic(await access(cluster, node, 'username'), await access(cluster, node, 'password')));

const setPort = async (cluster: EnrollingCluster, node: string, value: number | null): Promise<void> => {
  const command = { cluster: clusterName, nodes: [node], command: 'set', key: 'cyclecloud.jetpack.http_port', value };
  const given = await fetch(new URL('/api/commands', cluster.url), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(command) });
  expect(given.status).toBe(202);
};

/**
 * To the server, as the node alone and once, and by a port of loopback for as long as one is asked for. The result is what the server
 * has of it: node, message, and what else was said.
 */
export const tellsOverHttp = async (cluster: EnrollingCluster, node: string, other: string): Promise<ReadonlyArray<readonly unknown[]>> => {
  const { hostname, instanceId } = await cluster.seen(node, () => true);
  const head = { cluster_name: clusterName, instance_id: instanceId, timestamp: '2024-05-06T07:08:09Z' };
  const log = (message: string) => ({ ...head, type: 'log', data: { level: 'warn', message, exit_code: 254 } });
  const renamed = { ...head, type: 'installation', data: { status: 'warning', hostname: `${hostname}-renamed` } };
  const body = { messages: [log('told over HTTP'), renamed] };

  expect(await postAs(cluster, node, body)).toEqual([202, { stored: 2, repeated: 0 }]);
  expect(await postAs(cluster, node, body)).toEqual([202, { stored: 0, repeated: 2 }]);
  await cluster.seen(node, (view) => view.hostname === `${hostname}-renamed`);
  expect(await postAs(cluster, other, body)).toEqual([403, expect.objectContaining({ code: 'identity_refused' })]);
  // The password of the broker is no password here, and this one none there.
  const ofBroker = new URL(cluster.connection(node).broker[0] ?? '');
  expect(await post(cluster.url, body, basic(await access(cluster, node, 'username'), decodeURIComponent(ofBroker.password)))).toEqual([401, expect.objectContaining({ code: 'identity_refused' })]);
  ofBroker.password = await access(cluster, node, 'password');
  await expect(connect(ofBroker.href)).rejects.toThrow('403');

  const [port = 0] = await freePorts(1);
  const ofDaemon = `http://127.0.0.1:${port}`;
  const toDaemon = { messages: [log('told to the daemon')] };
  await expect(post(ofDaemon, toDaemon)).rejects.toThrow();
  await setPort(cluster, node, port);
  for (const _ of ['once', 'again']) expect(await waitFor('the daemon to listen', () => post(ofDaemon, toDaemon))).toEqual([202, { accepted: 1 }]);
  await waitFor('what was told to the daemon', async () => (await cluster.logged()).includes(`${node}: told to the daemon`));
  await setPort(cluster, node, null);
  await waitFor('the daemon to listen no more', () => post(ofDaemon, toDaemon).then(() => false, () => true));

  const { events } = await apiClient(cluster.url).eventsAfter(0);
  const told = events.filter(({ message }) => message.startsWith('told '));
  return told.map(({ message, node: of, raw }) => [of, message, (JSON.parse(raw) as { details: unknown }).details]);
};
