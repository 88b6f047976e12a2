// Who may change something: whoever is on this machine. Identities are the nodes', on the broker; they tell no caller of the API from another.
//
// A request passes when it comes from a loopback address and not from a page of another site: a browser on this machine may be
// made to send one, also to a name that only pretends to be elsewhere, but it says in `Origin` whose page it is. A proxy
// on this machine makes everybody local; it must not pass on what writes. A few requests with a body are read at a time.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLocalPage, isLoopbackAddress } from '../../node/http/loopback.ts';
import type { HttpLimits } from './limits.ts';
import { refuse } from './problem.ts';

const isAllowed = ({ headers, socket }: FastifyRequest): boolean =>
  isLoopbackAddress(socket.remoteAddress) && (headers.origin === undefined || isLocalPage(headers.origin));

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
