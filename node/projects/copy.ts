// Makes a copy of one entry of an image. A file is on the disk, whole and as it was when its image was taken, before its name is.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FileEntry, ImageEntry } from './image.ts';
import { giveUp, reading, writing } from './trouble.ts';

const copyFile = async ({ mode, sha256, source }: FileEntry, to: string, signal: AbortSignal): Promise<void> => {
  const hash = createHash('sha256');
  const from = createReadStream(source, { signal });
  await reading(source, () => new Promise<void>((resolve, reject) => void from.once('ready', resolve).once('error', reject)));
  await writing(to, () =>
    pipeline(
      from,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }),
      { signal },
    ),
  );
  if (hash.digest('hex') !== sha256) giveUp('project_unusable', `${source} changed while it was copied: converge again when its upload has ended`);
  await writing(to, () => chmod(to, mode));
};

/** Names in the home's copies that no project can have brought: it would have been refused. */
const besideOf = (file: string): string => path.join(path.dirname(file), '.jetpack-copy\u0001');

/** Puts the entry at its place below `folder`, in place of a file that is there. What lies on the way is there already. */
export const copyEntry = async (entry: ImageEntry, folder: string, signal: AbortSignal): Promise<void> => {
  const to = path.join(folder, entry.path);
  switch (entry.kind) {
    case 'folder':
      await writing(to, async () => {
        await mkdir(to, { recursive: true });
        await chmod(to, entry.mode);
      });
      return;
    case 'link':
    case 'file': {
      const beside = besideOf(to);
      await writing(to, () => rm(beside, { force: true }));
      if (entry.kind === 'link') await writing(to, () => symlink(entry.target, beside));
      else await copyFile(entry, beside, signal);
      await writing(to, () => rename(beside, to));
      return;
    }
  }
};
