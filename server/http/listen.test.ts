import { afterEach, expect, test } from '@jest/globals';
import type { ListeningApi } from '../../actors/server/api.ts';
import { apiSources } from '../testing/api-sources.ts';
import { listenApi } from './listen.ts';

let listening: ListeningApi | undefined;
afterEach(() => listening?.close());

test.each([
  ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
  ['0.0.0.0', /^http:\/\/0\.0\.0\.0:\d+$/],
  ['::1', /^http:\/\/\[::1\]:\d+$/],
])('who listens on %s says so, with the port it got', async (host, url) => {
  listening = await listenApi({ host, port: 0 }, apiSources(), () => undefined);
  expect(listening.url).toMatch(url);
  expect((await fetch(new URL('/healthz', listening.url))).status).toBe(200);
});
