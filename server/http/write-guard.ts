// Who may change something: whoever is on this machine, until there are identities to tell one caller from another.
//
// A request passes when it comes from a loopback address and not from a page of another site: a browser on this machine may be
// made to send one, also to a name that only pretends to be elsewhere, but it says in `Origin` whose page it is. A proxy
// on this machine makes everybody local; it must not pass on what writes. A few requests with a body are read at a time.
import { isIPv4 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpLimits } from './limits.ts';
import { refuse } from './problem.ts';

/** IPv4 in IPv6, as a listener for both tells it. */
const mapped = '::ffff:';

const isLoopback = (address: string | undefined): boolean => {
  if (address === undefined) return false;
  const plain = address.toLowerCase().startsWith(mapped) ? address.slice(mapped.length) : address;
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
};

const isLocalPage = (origin: string): boolean => {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || isLoopback(hostname.replaceAll(/[[\]]/g, ''));
};

const isAllowed = ({ headers, socket }: FastifyRequest): boolean =>
  isLoopback(socket.remoteAddress) && (headers.origin === undefined || isLocalPage(headers.origin));

/** Guards every request of this scope that is no reading; before its body is read. */
export const guardWrites = (scope: FastifyInstance, { writes }: Pick<HttpLimits, 'writes'>): void => {
  let underWay = 0;
  scope.addHook('onRequest', async (request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    if (!isAllowed(request)) {
      void response.header('connection', 'close');
      return refuse(response, 403, 'forbidden', 'only programs on this machine may change something');
    }
    if (underWay >= writes) {
      void response.header('connection', 'close');
      return refuse(response, 503, 'busy', 'too many requests that change something are under way: try again');
    }
    underWay += 1;
    response.raw.once('close', () => (underWay -= 1));
  });
};
