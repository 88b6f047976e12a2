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
import { assertNever, type Failure, type Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
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

const statusOf = ({ code }: Failure): number => (code === 'message_too_large' ? 413 : 503);

const answer = (response: FastifyReply, given: CommandAnswer): FastifyReply => {
  switch (given.outcome) {
    case 'ordered':
      return response.code(202).send({ id: given.id, targets: given.targets });
    case 'unknown':
      return refuse(response, 404, given.error.code, given.error.message);
    case 'conflict':
      return refuse(response, 409, given.error.code, given.error.message);
    case 'refused':
      return refuse(response, statusOf(given.error), given.error.code, given.error.message);
    default:
      return assertNever(given);
  }
};

/** Adds the routes to a scope of their own, in which bodies are read: JSON, and no more than the limits say. */
export const addCommands = (scope: FastifyInstance, sources: CommandSources, limits: HttpLimits): void => {
  guardWrites(scope, limits);
  scope.removeAllContentTypeParsers();
  // Only this type: a page of another site cannot send it without asking first.
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: limits.bodyBytes }, (_request, body, done) => done(null, body));

  scope.post(commandsPath, async (request, response) => {
    const json = parseJson(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
    if (!json.ok) return refuse(response, 400, 'request_invalid', `the body ${json.error}`);
    const parsed = commandRequest.safeParse(json.value);
    if (!parsed.success) return refuse(response, 400, 'request_invalid', firstIssue(parsed.error));
    const given = await sources.command(parsed.data, extractTrace(request.headers));
    return given.ok ? answer(response, given.value) : refuse(response, 503, given.error.code, given.error.message);
  });

  scope.get<{ Querystring: Record<string, unknown> }>(commandsPath, async (request, response) => {
    const limit = parseLimit(request.query);
    return limit.ok ? { commands: sources.commands(limit.value) } : refuse(response, 400, limit.error.code, limit.error.message);
  });

  scope.get<{ Params: { id: string } }>(`${commandsPath}/:id`, async ({ params: { id } }, response) => {
    const found = sources.commandOf(id);
    return found ?? refuse(response, 404, 'request_invalid', `there is no command ${JSON.stringify(id.slice(0, 64))}`);
  });
};
