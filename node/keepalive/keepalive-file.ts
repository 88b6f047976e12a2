// run/node.keepalive: what schedulers' scripts read to spare a kept node. First line: when it ends, in Unix seconds; second
// line: why, or nothing. There is no file while nothing holds.
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { KeepaliveFile, KeepaliveView } from '../../actors/node/keepalive/keepalive.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { writeDurably } from '../home/durable-file.ts';
import { systemCode } from '../home/system-error.ts';

/** The last second of the year 9999: scripts compare numbers, and know no word for ever. */
const forever = 253_402_300_799;

const mode = 0o640;

const textOf = ({ expiresAt, reason = '' }: KeepaliveView): string => `${expiresAt === undefined ? forever : Math.ceil(expiresAt / 1_000)}\n${reason}\n`;

/** Seconds and no more: the file is open to other programs of the group. */
const content = /^(\d{1,12})\n(.{0,2000})\n$/;

/** What the file in this folder says at `now`, milliseconds since the epoch. Fails with `file_unreadable`. */
export const readKeepaliveFile = (run: string, now: number): Result<KeepaliveView> => {
  const file = path.join(run, 'node.keepalive');
  let read: string;
  try {
    read = readFileSync(file, 'utf8');
  } catch (error) {
    // Without its folder there is no node here, and a file that is missing says nothing.
    return systemCode(error) === 'ENOENT' && existsSync(run) ? ok({ holds: false }) : fail('file_unreadable', `${file} cannot be read (${systemCode(error)})`);
  }
  const [, seconds = '', reason = ''] = content.exec(read) ?? [];
  if (seconds === '') return fail('file_unreadable', `${file} is not what jetpackd writes`);
  const why = reason === '' ? {} : { reason };
  if (Number(seconds) >= forever) return ok({ holds: true, ...why });
  const expiresAt = Number(seconds) * 1_000;
  return ok(expiresAt <= now ? { holds: false } : { holds: true, expiresAt, remainingMs: expiresAt - now, ...why });
};

/** The file in this folder (`run/`). Fails with `state_unwritable`. */
export const createKeepaliveFile = (run: string): KeepaliveFile => {
  const file = path.join(run, 'node.keepalive');
  const failed = (error: unknown): Result<never> => fail('state_unwritable', `${file} cannot be written (${systemCode(error)})`);
  return {
    async write(view) {
      try {
        return ok(writeDurably(file, `${file}.new`, textOf(view), mode));
      } catch (error) {
        return failed(error);
      }
    },
    remove: () => rm(file, { force: true }).then(() => ok(undefined), failed),
  };
};
