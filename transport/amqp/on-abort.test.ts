import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { onAbort } from './on-abort.ts';

const scene = () => {
  const controller = new AbortController();
  const { signal } = controller;
  let runs = 0;
  const begin = () => onAbort(signal, () => void (runs += 1));
  return { abort: () => controller.abort(), begin, listeners: () => getEventListeners(signal, 'abort').length, runs: () => runs };
};

test('runs once when the signal aborts, unless it was taken back', () => {
  const { abort, begin, listeners, runs } = scene();
  begin();
  begin()();
  expect([listeners(), runs()]).toEqual([1, 0]);
  abort();
  expect([listeners(), runs()]).toEqual([0, 1]);
});

test('runs once and at once when the signal has aborted before, and listens for nothing', () => {
  const { abort, begin, listeners, runs } = scene();
  abort();
  const takeBack = begin();
  expect([listeners(), runs()]).toEqual([0, 1]);
  takeBack();
  expect(runs()).toBe(1);
});
