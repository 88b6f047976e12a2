import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { gatherWrites } from './gather-writes.ts';

/** A socket that notes what it is given at a time. */
const socket = () => {
  const given: string[][] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      given.push([chunk.toString()]);
      done();
    },
    writev: (chunks, done) => {
      given.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  return { given, stream };
};

const aTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

test('what is written in one go leaves as one, in order, before anything else happens', async () => {
  const { given, stream } = socket();
  gatherWrites({ stream });
  for (const text of ['a', 'b', 'c']) stream.write(text);
  expect(given).toEqual([]);
  await aTick();
  expect(given).toEqual([['a', 'b', 'c']]);
  stream.write('d');
  await aTick();
  expect(given).toEqual([['a', 'b', 'c'], ['d']]);
});

test('a socket that is ended in the same go has got all that was written before', async () => {
  const { given, stream } = socket();
  gatherWrites({ stream });
  stream.write('last words');
  stream.end();
  await new Promise((resolve) => stream.once('finish', resolve));
  expect(given.flat()).toEqual(['last words']);
});

test('a connection without a socket is left as it is', () => {
  expect(() => gatherWrites({})).not.toThrow();
});
