// Which socket serves which verb.
import type { Verb } from '../../protocol/local.ts';

/** `cluster`: run/jetpack.sock, for every cluster user. `admin`: run/admin.sock, for the daemon's own user. */
export type SocketName = 'cluster' | 'admin';

const servedBy: Readonly<Record<Verb, readonly SocketName[]>> = {
  log: ['cluster', 'admin'],
  send: ['cluster', 'admin'],
  condition: ['cluster', 'admin'],
  autoscale: ['cluster', 'admin'],
  installation: ['cluster', 'admin'],
  test: ['cluster', 'admin'],
  keepalive: ['cluster', 'admin'],
  health: ['cluster', 'admin'],
  wait: ['cluster', 'admin'],
  status: ['cluster', 'admin'],
  explain: ['cluster', 'admin'],
  watch: ['cluster', 'admin'],
  property: ['admin'],
  converge: ['admin'],
  inspect: ['admin'],
  shutdown: ['admin'],
  'run-on-shutdown': ['admin'],
};

export const serves = (socket: SocketName, verb: Verb): boolean => servedBy[verb].includes(socket);
