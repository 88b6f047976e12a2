import type { ErrorCode } from '../../protocol/errors.ts';
import type { LocalProgress, LocalReply } from '../../protocol/local.ts';

/** A failure for a client: under the id of its request, or of the connection as a whole. */
export const refusal = (code: ErrorCode, message: string, id?: string): LocalReply => ({ ok: false, code, message, ...(id === undefined ? {} : { id }) });

export const encodeReply = (reply: LocalReply): string => `${JSON.stringify(reply)}\n`;

export const encodeProgress = (id: string, progress: string): string => `${JSON.stringify({ id, progress } satisfies LocalProgress)}\n`;
