// A ZIP archive that is there whole or not at all, written as its entries come: one of them at a time is in memory.
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { systemCode } from '../../node/home/system-error.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';

export interface Archive {
  /** Resolves when it is packed. */
  add(name: string, text: string, mtime: Date): Promise<void>;
}

const ownerOnly = 0o600;

/** Fails with `file_unwritable`. Nobody but its owner may read it. */
export const writeArchive = async (file: string, fill: (archive: Archive) => Promise<void>): Promise<Result<void>> => {
  const beside = `${file}.partial`;
  const zip = new ZipFile();
  const writing = pipeline(zip.outputStream, createWriteStream(beside, { flags: 'wx', mode: ownerOnly, flush: true }));
  const archive: Archive = {
    async add(name, text, mtime) {
      const entry = Readable.from([Buffer.from(text)]);
      zip.addReadStream(entry, name, { mtime, mode: 0o100_000 | ownerOnly });
      // A disk that is full ends the writing, and nobody reads the entry any more.
      await Promise.race([finished(entry), writing]);
    },
  };
  try {
    await Promise.all([writing, fill(archive).then(() => zip.end())]);
    await rename(beside, file);
    return ok(undefined);
  } catch (error) {
    const code = systemCode(error);
    // One that stands there already is somebody else's.
    if (code !== 'EEXIST') await rm(beside, { force: true }).catch(() => undefined);
    return fail('file_unwritable', `${file} cannot be written (${code})`);
  }
};
