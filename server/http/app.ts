// The HTTP API. Every answer is JSON, every error problem+json (RFC 9457) with a code of the closed list.
//
//   GET  /api/nodes       the roster
//   GET  /api/events      the event log: ?after=POSITION&limit=N&cluster=&node=&priority=low|medium|high
//   POST /api/commands    commands.ts, and reading them back
//   clusters.ts           what is asked of a cluster as a whole
//   enrolments.ts         tokens and identities
//   clusterlink.ts        what programs tell as the node they are on
//   GET  /healthz         200 while the broker is connected, 503 while it is not
//
// Everybody who reaches it may read; only programs on this machine may change something (write-guard.ts), but that a node elsewhere
// may redeem its token, and programs on it may tell what they have to. It reads no body but of such a request, answers nothing under /api/ while too much of earlier answers
// still waits to be taken, and shows no client what went wrong inside.
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { EventQuery, StoredEvent } from '../../actors/server/ports.ts';
import type { NodeView } from '../../actors/server/roster.ts';
import { systemClock, type Clock } from '../../effects/clock.ts';
import { createBoundedServer, refuseClient } from '../../node/http/bounded-server.ts';
import { clusterlinkPath } from '../../protocol/clusterlink.ts';
import type { Result } from '../../protocol/result.ts';
import type { ConnectionState } from '../../transport/port.ts';
import { reasonOf } from '../../transport/reason.ts';
import { addClusterlink, type ClusterlinkSources } from './clusterlink.ts';
import { addClusters, clusterPath, type ClusterSources } from './clusters.ts';
import { addCommands, commandsPath, type CommandSources } from './commands.ts';
import { addEnrol, addEnrolments, enrolmentPaths, type EnrolmentSources } from './enrolments.ts';
import { parseEventQuery } from './event-query.ts';
import { httpLimits } from './limits.ts';
import { refuse } from './problem.ts';

export interface Health {
  readonly broker: ConnectionState;
  /** What it is, "RabbitMQ 4.0.5", once it was connected. */
  readonly product: string | undefined;
  /** Events in the store. */
  readonly events: number;
}

/** What the API answers from. */
export interface ApiSources extends CommandSources, ClusterSources, EnrolmentSources, ClusterlinkSources {
  nodes(): Promise<Result<readonly NodeView[]>>;
  events(query: EventQuery): readonly StoredEvent[];
  health(): Health;
}

const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? '';

const takers = [...enrolmentPaths, { path: new RegExp(`^${clusterlinkPath}$`), allow: 'POST' }];

const oneCommand = new RegExp(`^${commandsPath}/[^/]+$`);

/** The status of an error that is the client's doing; its words are then fastify's, about the request alone. */
const clientStatus = (error: unknown): number | undefined => {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
};

/** Counts what was answered and not taken, and refuses what could be large while that is too much. */
const boundAnswers = (app: FastifyInstance, most: number): void => {
  let untaken = 0;
  app.addHook('onRequest', async (request, response) => {
    if (untaken <= most || !pathOf(request).startsWith('/api/')) return;
    return refuse(response, 503, 'busy', 'clients have not taken earlier answers yet');
  });
  app.addHook('onSend', async (_request, response, payload) => {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : 0;
    untaken += bytes;
    response.raw.once('close', () => (untaken -= bytes));
  });
};

/** `onError` hears of defects; whoever asked hears only that there was one. */
export const buildApp = (sources: ApiSources, onError: (error: unknown) => void, limits = httpLimits, clock: Pick<Clock, 'monotonic'> = systemClock): FastifyInstance => {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    serverFactory: (handler) => createBoundedServer(handler, limits),
    clientErrorHandler: refuseClient,
    frameworkErrors: (_error, _request, response) => void refuse(response, 400, 'request_invalid', 'the path is not valid'),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => done(null));
  boundAnswers(app, limits.untakenBytes);

  app.setErrorHandler(async (error, _request, response) => {
    const status = clientStatus(error);
    if (status === 413) return refuse(response, status, 'message_too_large', `the body has more than ${limits.bodyBytes} bytes`);
    if (status === 415) return refuse(response, status, 'request_invalid', 'the body is taken as JSON alone: send it with content-type: application/json');
    if (status !== undefined) return refuse(response, status, 'request_invalid', reasonOf(error));
    onError(error);
    return refuse(response, 500, 'internal', 'the request failed; see the log of the server');
  });
  const isReadable = (path: string): boolean => app.hasRoute({ method: 'GET', url: path }) || oneCommand.test(path) || clusterPath.test(path);
  app.setNotFoundHandler(async (request, response) => {
    const path = pathOf(request);
    // A body that nobody asked for is not waited for.
    void response.header('connection', 'close');
    const taker = takers.find((one) => one.path.test(path));
    if (taker !== undefined) {
      void response.header('allow', taker.allow);
      return refuse(response, 405, 'request_invalid', `${path.slice(0, 200)} takes no ${request.method}: use ${taker.allow}`);
    }
    if (!isReadable(path)) return refuse(response, 404, 'request_invalid', `there is nothing at ${path.slice(0, 200)}`);
    const takesOrders = path === commandsPath;
    void response.header('allow', takesOrders ? 'GET, HEAD, POST' : 'GET, HEAD');
    const use = takesOrders ? 'can be read and posted to: use GET or POST' : 'can only be read: use GET';
    return refuse(response, 405, 'request_invalid', `${path.slice(0, 200)} ${use}`);
  });

  app.get('/api/nodes', async (_request, response) => {
    const nodes = await sources.nodes();
    return nodes.ok ? { nodes: nodes.value } : refuse(response, 503, nodes.error.code, nodes.error.message);
  });

  app.get<{ Querystring: Record<string, unknown> }>('/api/events', async (request, response) => {
    const query = parseEventQuery(request.query);
    if (!query.ok) return refuse(response, 400, query.error.code, query.error.message);
    const events = sources.events(query.value);
    return { events, next: events.at(-1)?.position ?? query.value.after ?? 0 };
  });

  addClusters(app, sources);
  void app.register(async (scope) => addCommands(scope, sources, limits));
  void app.register(async (scope) => addEnrolments(scope, sources, limits));
  void app.register(async (scope) => addEnrol(scope, sources, clock));
  void app.register(async (scope) => addClusterlink(scope, sources, limits, clock));

  app.get('/healthz', async (_request, response) => {
    const health = sources.health();
    const up = health.broker === 'connected' || health.broker === 'blocked';
    return response.code(up ? 200 : 503).send({ status: up ? 'ok' : 'failing', ...health });
  });

  return app;
};
