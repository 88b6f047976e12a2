import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../effects/clock.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { lasts } from '../../effects/testing/lasts.ts';
import { request } from './request.ts';
import { FakeCloud, json, reset, silence, status, type Answering } from './testing/fake-cloud.ts';

let cloud: FakeCloud;
beforeEach(async () => {
  cloud = await FakeCloud.open();
});
afterEach(() => cloud.close());

const limits = { connectMs: 1_000, answerMs: 2_000, bytes: 1_000 };

const ask = (clock = systemClock, signal = new AbortController().signal) => request({ url: new URL('/a?b=c', cloud.address), method: 'GET', headers: { Metadata: 'true' } }, limits, clock, signal);

test('an answer comes with its status, headers and body', async () => {
  cloud.answer = json({ a: 1 }, { 'metadata-flavor': 'Google' });
  const answer = await ask();
  expect(answer).toMatchObject({ ok: true, value: { status: 200, headers: { 'metadata-flavor': 'Google' } } });
  expect(answer.ok && answer.value.body.toString()).toBe('{"a":1}');
  expect(cloud.asked).toMatchObject([{ method: 'GET', path: '/a?b=c', headers: { metadata: 'true' } }]);
});

test('a redirection is an answer, and is not followed', async () => {
  cloud.answer = status(302, { location: '/elsewhere' });
  expect(await ask()).toMatchObject({ ok: true, value: { status: 302 } });
  expect(cloud.asked).toHaveLength(1);
});

test('nobody there, a reset and an answer cut short are one line', async () => {
  const { address } = cloud;
  cloud.answer = reset;
  expect(await ask()).toMatchObject({ ok: false, error: expect.stringMatching(/^does not answer: .+/) });
  cloud.answer = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('some', () => response.destroy());
  };
  expect(await ask()).toMatchObject({ ok: false, error: expect.stringMatching(/^does not answer to the end: .+/) });
  await cloud.close();
  cloud = await FakeCloud.open();
  expect(await request({ url: new URL(address), method: 'GET', headers: {} }, limits, systemClock, new AbortController().signal)).toMatchObject({ ok: false, error: expect.stringMatching(/^does not answer: .*ECONNREFUSED/) });
});

test('an answer that is larger than it may be is given up as soon as that shows', async () => {
  let written = 0;
  cloud.answer = (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(500))) written += 500;
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  };
  expect(await ask()).toEqual({ ok: false, error: 'answers with more than 1000 bytes' });
  expect(written).toBeLessThan(10_000_000);
});

test('a connection is waited for a second', async () => {
  const clock = new ManualClock();
  const asked = ask(clock);
  // Before the event loop has had a turn, nothing can be connected.
  const advanced = clock.advance(1_000);
  expect(await asked).toEqual({ ok: false, error: 'cannot be reached within 1000 ms' });
  await advanced;
  expect(clock.armed).toBe(0);
});

test.each<readonly [string, Answering]>([
  ['no answer', silence],
  ['one that never ends', (_request, response) => void response.writeHead(200).write('x')],
])('%s is waited for two seconds, and no timer is left', async (_what, answer) => {
  cloud.answer = answer;
  const clock = new ManualClock();
  // The connection is there before the clock moves.
  const asked = ask(clock);
  while (cloud.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const took = await lasts(clock, asked);
  expect(await asked).toEqual({ ok: false, error: 'does not answer within 2000 ms' });
  expect(took).toBeGreaterThanOrEqual(2_000);
  expect(clock.armed).toBe(0);
});

test('who no longer wants an answer does not wait for one', async () => {
  cloud.answer = silence;
  const over = new AbortController();
  const asked = ask(systemClock, over.signal);
  over.abort();
  expect(await asked).toEqual({ ok: false, error: 'was given up' });
  expect(await ask(systemClock, over.signal)).toEqual({ ok: false, error: 'was given up' });
});

test('no proxy of the environment is told of it', async () => {
  const proxy = await FakeCloud.open(json('from the proxy'));
  cloud.answer = json('from the service');
  const script = `
    import { get } from 'node:http';
    import { request } from ${JSON.stringify(path.join(import.meta.dirname, 'request.ts'))};
    import { systemClock } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../effects/clock.ts'))};
    const url = new URL(${JSON.stringify(cloud.address)});
    const own = await request({ url, method: 'GET', headers: {} }, { connectMs: 5000, answerMs: 5000, bytes: 1000 }, systemClock, new AbortController().signal);
    console.log(own.value.body.toString());
    for await (const chunk of await new Promise((resolve) => get(url, resolve))) console.log(chunk.toString());
  `;
  try {
    const env = { PATH: process.env['PATH'], NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.address, http_proxy: proxy.address, NO_PROXY: '' };
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { env, timeout: 20_000 });
    // What others ask does go there, or this would show nothing.
    expect(stdout).toBe('from the service\nfrom the proxy\n');
    expect(cloud.asked).toHaveLength(1);
  } finally {
    await proxy.close();
  }
});
