// What programs on this node show to the HTTP API of their server: the user that the node has on the broker, and a password that is good
// for that alone; and where that API is, as far as the node was enrolled there. They find it in node.json, where programs made for version 8 look for it.
import type { Tree } from '../../protocol/configuration.ts';
import { httpPasswordOf } from '../../protocol/enrolment-seal.ts';
import { parseBrokerUrl } from '../../transport/amqp/address.ts';

/** Nothing unless the node has a user of its own, with a password: that of several nodes says of none who it is. */
export const accessLayer = (urls: readonly string[], ownUser: string, server?: string): Tree | undefined => {
  const parsed = parseBrokerUrl(urls[0] ?? '');
  if (!parsed.ok || parsed.value.user !== ownUser || parsed.value.passwordless) return undefined;
  const { password = '' } = parsed.value.connect;
  return { cyclecloud: { config: { ...(server === undefined ? {} : { web_server: server }), username: ownUser, password: httpPasswordOf(password) } } };
};
