import { expect, test } from '@jest/globals';
import { handoverIn, readHandover } from './handover.ts';

const id = '01938a5e-0000-7000-8000-000000000000';

test.each([0, 7, 1_000_000, 2_592_000_000, 2 ** 31])('a run that waited %i ms for the daemon keeps its id', (waitedMs) => {
  expect(readHandover({ JETPACK_FRONT: `${id} ${waitedMs}` })).toEqual({ id, waitedMs });
  expect(readHandover(handoverIn({ id, waitedMs }))).toEqual({ id, waitedMs });
});

test.each([undefined, '', id, `${id} `, `${id} -1`, `${id} 1x`, `${id} 1e3`, `x${id} 1`, `${id} 9999999999999999`, `${id.replace('-7', '-4')} 1`])('%j is no handover', (value) => {
  expect(readHandover({ JETPACK_FRONT: value })).toBeUndefined();
});
