// Errors of the API, as node/http/problem.ts has them.
import type { FastifyReply } from 'fastify';
import { problem, problemType } from '../../node/http/problem.ts';
import type { ErrorCode } from '../../protocol/errors.ts';

export const refuse = (response: FastifyReply, status: number, code: ErrorCode, detail: string): FastifyReply =>
  response.code(status).type(problemType).send(problem(status, code, detail));
