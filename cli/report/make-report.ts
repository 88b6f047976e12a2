// What `jetpack report_issue` packs: logs, the node's configuration, how it stands, and a manifest that says what is in it and
// what is not. All of it without secrets, and of a bounded size.
import os from 'node:os';
import type { ExactJson } from '../../commands/exact-json.ts';
import type { ReportOrder } from '../../commands/host.ts';
import type { Clock } from '../../effects/clock.ts';
import { homePaths } from '../../node/home/paths.ts';
import { version } from '../../node/version.ts';
import { errors } from '../../protocol/errors.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { writeArchive, type Archive } from './archive.ts';
import { findLogs, type FoundLogs, type LeftOut } from './find-logs.ts';
import { readLog } from './read-log.ts';
import { redactJson, redactText } from './redact.ts';

export interface ReportBounds {
  /** Bytes of one log: its end. */
  readonly log: number;
  /** Bytes of all of them: the ones that were written last. */
  readonly all: number;
}

export const reportBounds: ReportBounds = { log: 4 * 1024 * 1024, all: 64 * 1024 * 1024 };

interface Entry {
  readonly name: string;
  readonly bytes: number;
  /** Absent: all of them. */
  readonly lastBytes?: number;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;

const versions = () => ({ jetpack: version, node: process.version, system: `${os.type()} ${os.release()}`, machine: os.arch() });

const packLogs = async ({ logs, leftOut: passedOver }: FoundLogs, bounds: ReportBounds, archive: Archive): Promise<{ readonly entries: readonly Entry[]; readonly leftOut: readonly LeftOut[] }> => {
  const entries: Entry[] = [];
  const leftOut: LeftOut[] = [...passedOver];
  let room = bounds.all;
  for (const { bytes, file, mtime, name } of logs) {
    const most = Math.min(bounds.log, room);
    const read = bytes > 0 && most === 0 ? { why: `the logs that were written later have ${bounds.all} bytes, the most that is taken` } : await readLog(file, most);
    if ('why' in read) {
      leftOut.push({ name, why: read.why });
      continue;
    }
    room -= read.kept;
    await archive.add(name, read.text, mtime);
    entries.push({ name, bytes: read.bytes, ...(read.kept < read.bytes ? { lastBytes: read.kept } : {}) });
  }
  return { entries, leftOut };
};

/** Fails with `file_unreadable` when there are no logs to be had, and with `file_unwritable`. */
export const makeReport = async (home: string, { archive, documents, logs }: ReportOrder, clock: Clock, bounds: ReportBounds = reportBounds): Promise<Result<void>> => {
  const folder = logs ?? homePaths(home).logs;
  const found = await findLogs(folder);
  if (!found.ok) return found;
  const at = new Date(clock.now());
  return writeArchive(archive, async (into) => {
    const { entries, leftOut } = await packLogs(found.value, bounds, into);
    const missing: LeftOut[] = [];
    const all: ReportOrder['documents'] = { ...documents, 'versions.json': ok(versions()) };
    for (const [name, document] of Object.entries(all)) {
      // A document is JSON, from a file or from the daemon.
      if (document.ok) await into.add(name, json(redactJson(document.value as ExactJson)), at);
      else missing.push({ name, why: redactText(`${document.error.message} (${document.error.code}): ${errors[document.error.code].remedy}`) });
    }
    const manifest = { made: at.toISOString(), home, logs: folder, files: entries, leftOut: [...missing, ...leftOut] };
    await into.add('manifest.json', json(manifest), at);
  });
};
