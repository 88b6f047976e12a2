// Errors over HTTP: problem+json (RFC 9457) with a code of the closed list.
import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../../protocol/errors.ts';

export const problemType = 'application/problem+json';

interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
}

export const problem = (status: number, code: ErrorCode, detail: string): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  code,
  detail,
});
