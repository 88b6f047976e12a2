import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemBootClock } from '../../effects/boot-clock.ts';
import { readMachineIdentity } from './machine-identity.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'jetpack-identity-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const put = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
};

test('is the hardware\'s where that tells, else that of the system, else the name of the host', () => {
  const bootId = systemBootClock.bootId();
  expect(readMachineIdentity(systemBootClock, root)).toEqual({ id: os.hostname(), isHardware: false, bootId });
  put('etc/machine-id', 'abc\n');
  expect(readMachineIdentity(systemBootClock, root)).toEqual({ id: 'abc', isHardware: false, bootId });
  put('sys/class/dmi/id/product_uuid', 'ABCD-1\n');
  expect(readMachineIdentity(systemBootClock, root)).toEqual({ id: 'ABCD-1', isHardware: true, bootId });
  put('sys/class/dmi/id/product_uuid', '\n');
  expect(readMachineIdentity(systemBootClock, root).id).toBe('abc');
});

test('this machine has one', () => {
  expect(readMachineIdentity(systemBootClock).id).not.toBe('');
});
