// The HTTP API. Reads only; every answer is JSON, every error problem+json (RFC 9457) with a code of the closed list.
//
//   GET /api/nodes    the roster
//   GET /api/events   the event log: ?after=POSITION&limit=N&cluster=&node=&priority=low|medium|high
//   GET /healthz      200 while the broker is connected, 503 while it is not
//
// Bounds: headers and bodies are small, connections are counted, and a request that does not arrive in time is cut.
import { fastify, type FastifyInstance } from 'fastify';
import { priorities } from '../../protocol/events.ts';
import type { Result } from '../../protocol/result.ts';
import type { EventQuery, StoredEvent } from '../../actors/server/ports.ts';
import type { NodeView } from '../../actors/server/roster.ts';

export interface Health {
  readonly broker: string;
  readonly events: number;
}

/** What the API answers from. */
export interface ApiSources {
  nodes(): Promise<Result<readonly NodeView[]>>;
  events(query: EventQuery): readonly StoredEvent[];
  health(): Health;
}

interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

const problem = (status: number, title: string, code: string, detail: string): Problem => ({
  type: 'about:blank',
  title,
  status,
  code,
  detail,
});

const eventQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    after: { type: 'integer', minimum: 0 },
    limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
    cluster: { type: 'string', maxLength: 255 },
    node: { type: 'string', maxLength: 255 },
    priority: { type: 'string', enum: priorities },
  },
} as const;

/** One line that names what is wrong with a request. */
const complaint = (error: unknown): { readonly status: number; readonly detail: string } => {
  if (!(error instanceof Error)) return { status: 500, detail: 'the request failed' };
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  return { status, detail: status < 500 ? error.message : 'the request failed; see the log of the server' };
};

export const buildApp = (sources: ApiSources, onError: (error: unknown) => void): FastifyInstance => {
  const app = fastify({
    logger: false,
    bodyLimit: 16_384,
    requestTimeout: 10_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    http: { maxHeaderSize: 16_384, headersTimeout: 5_000 },
    ajv: { customOptions: { removeAdditional: false } },
  });
  app.server.maxConnections = 512;


  app.setErrorHandler(async (error, _request, response) => {
    const { status, detail } = complaint(error);
    if (status >= 500) onError(error);
    const [title, code] = status >= 500 ? ['Internal Server Error', 'internal'] : ['Bad Request', 'request_invalid'];
    return response.code(status).type('application/problem+json').send(problem(status, title, code, detail));
  });
  app.setNotFoundHandler(async (request, response) =>
    response
      .code(404)
      .type('application/problem+json')
      .send(problem(404, 'Not Found', 'request_invalid', `there is nothing at ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}`)),
  );

  app.get('/api/nodes', async (_request, response) => {
    const nodes = await sources.nodes();
    if (nodes.ok) return { nodes: nodes.value };
    const { code, message } = nodes.error;
    return response.code(503).type('application/problem+json').send(problem(503, 'Service Unavailable', code, message));
  });

  app.get<{ Querystring: EventQuery }>('/api/events', { schema: { querystring: eventQuery } }, async (request) => {
    const events = sources.events(request.query);
    return { events, next: events.at(-1)?.position ?? request.query.after ?? 0 };
  });

  app.get('/healthz', async (_request, response) => {
    const health = sources.health();
    const up = health.broker === 'connected' || health.broker === 'blocked';
    return response.code(up ? 200 : 503).send({ status: up ? 'ok' : 'failing', ...health });
  });

  return app;
};
