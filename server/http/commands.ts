// Commands over HTTP.
//
//   POST /api/commands       gives one: 202 with its id and its nodes; the same id with the same words again answers the same
//   GET  /api/commands       the newest: ?limit=N
//   GET  /api/commands/ID    one, and how each of its nodes stands with it
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CommandAnswer } from '../../actors/server/command-orders.ts';
import type { CommandRecord, CommandSummary } from '../../actors/server/order-ports.ts';
import { commandRequest, type CommandRequest } from '../../protocol/command-request.ts';
import { firstIssue, parseJson } from '../../protocol/json.ts';
import { assertNever, fail, type Failure, type Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { withSpan, type SpanHandle } from '../../telemetry/span.ts';
import { apiSpan, recordResponse } from '../../telemetry/spans.ts';
import { extractTrace } from '../../telemetry/trace-carrier.ts';
import { parseLimit } from './event-query.ts';
import type { HttpLimits } from './limits.ts';
import { refuse } from './problem.ts';
import { guardWrites } from './write-guard.ts';

export interface CommandSources {
  command(request: CommandRequest, trace: TraceContext | undefined): Promise<Result<CommandAnswer>>;
  commands(limit: number): readonly CommandSummary[];
  commandOf(id: string): CommandRecord | undefined;
}

export const commandsPath = '/api/commands';

/** What becomes of a request that gives a command. */
type Given = CommandAnswer | { readonly outcome: 'unreadable' | 'unanswered'; readonly error: Failure };

const statusOf = (given: Given): number => {
  switch (given.outcome) {
    case 'ordered':
      return 202;
    case 'unreadable':
      return 400;
    case 'unknown':
      return 404;
    case 'conflict':
      return 409;
    case 'refused':
      return given.error.code === 'message_too_large' ? 413 : 503;
    case 'unanswered':
      return 503;
    default:
      return assertNever(given);
  }
};

const unreadable = (message: string): Given => ({ outcome: 'unreadable', ...fail('request_invalid', message) });

const give = async (body: unknown, sources: Pick<CommandSources, 'command'>, trace: TraceContext | undefined): Promise<Given> => {
  const json = parseJson(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
  if (!json.ok) return unreadable(`the body ${json.error}`);
  const parsed = commandRequest.safeParse(json.value);
  if (!parsed.success) return unreadable(firstIssue(parsed.error));
  const answered = await sources.command(parsed.data, trace);
  return answered.ok ? answered.value : { outcome: 'unanswered', error: answered.error };
};

const answer = (response: FastifyReply, given: Given, span: SpanHandle): FastifyReply => {
  const status = statusOf(given);
  if (given.outcome === 'ordered') {
    recordResponse(span, status, given.id, undefined);
    return response.code(status).send({ id: given.id, targets: given.targets });
  }
  const { code, message } = given.error;
  recordResponse(span, status, undefined, code);
  return refuse(response, status, code, message);
};

/** Adds the routes to a scope of their own, in which bodies are read: JSON, and no more than the limits say. */
export const addCommands = (scope: FastifyInstance, sources: CommandSources, limits: HttpLimits): void => {
  guardWrites(scope, limits);
  scope.removeAllContentTypeParsers();
  // Only this type: a page of another site cannot send it without asking first.
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: limits.bodyBytes }, (_request, body, done) => done(null, body));

  scope.post(commandsPath, (request, response) =>
    withSpan(apiSpan(commandsPath, extractTrace(request.headers)), async (span) => answer(response, await give(request.body, sources, span.trace), span)),
  );

  scope.get<{ Querystring: Record<string, unknown> }>(commandsPath, async (request, response) => {
    const limit = parseLimit(request.query);
    return limit.ok ? { commands: sources.commands(limit.value) } : refuse(response, 400, limit.error.code, limit.error.message);
  });

  scope.get<{ Params: { id: string } }>(`${commandsPath}/:id`, async ({ params: { id } }, response) => {
    const found = sources.commandOf(id);
    return found ?? refuse(response, 404, 'request_invalid', `there is no command ${JSON.stringify(id.slice(0, 64))}`);
  });
};
