import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { lockFile } from '../../storage/file-lock.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { holderIn, lockHolder } from './lock-holder.ts';

test('of a lock that is held is the process that has it, and nobody once it is released', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('lock');
  const lock = lockFile(path);
  // Other systems have no such list.
  expect(lockHolder(path)).toBe(existsSync('/proc/locks') ? process.pid : undefined);
  lock?.release();
  expect(lockHolder(path)).toBeUndefined();
});

describe('the holder', () => {
  const file = { dev: 0xfe_00, ino: 77 };
  const locked = (pid: number, place: string, type = 'POSIX  ADVISORY  WRITE', from = 1_073_741_824): string => `1: ${type} ${pid} ${place} ${from} 1073742335\n`;

  test.each<readonly [string, string, number | undefined]>([
    ['is the one of the file on its device', locked(5, 'fe:00:78') + locked(6, 'fd:01:77') + locked(7, 'fe:00:77'), 7],
    ['is the one of a file of that number where no lock is on its device', locked(8, '00:2f:77', undefined, 1_073_741_826), 8],
    ['is unknown where there are two of them', locked(8, '00:2f:77') + locked(9, '00:30:77'), undefined],
    ['is unknown where its process is that of another container', locked(0, 'fe:00:77'), undefined],
    ['is none who reads, waits, or locks something else', locked(5, 'fe:00:77', 'POSIX  ADVISORY  READ ') + locked(6, 'fe:00:77', '-> POSIX  ADVISORY  WRITE') + locked(7, 'fe:00:77', undefined, 0), undefined],
    ['is unknown where the list is none', 'nothing of the sort', undefined],
  ])('%s', (_what, locks, pid) => {
    expect(holderIn(locks, file)).toBe(pid);
  });

  test('is found by a device with large numbers as well', () => {
    expect(holderIn(locked(4, '103:12345:77') + locked(5, '103:12346:77'), { dev: 0x12_31_03_45, ino: 77 })).toBe(4);
  });

  test('of a file that is not there, or by a list that is not, is unknown', () => {
    expect([lockHolder('/nowhere/lock'), lockHolder('/', '/nowhere/locks')]).toEqual([undefined, undefined]);
  });
});
