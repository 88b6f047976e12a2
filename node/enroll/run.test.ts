import { createServer, type Server } from 'node:http';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { seededRandom } from '../../effects/random.ts';
import type { Credentials, EnrolRequest } from '../../protocol/enrolment.ts';
import { keyOf, mintToken, seal, tokenText } from '../../protocol/enrolment-seal.ts';
import { runEnroll } from './run.ts';

const random = seededRandom(1);
const token = mintToken(random);
const told: Credentials = { cluster: 'lab', node: 'n1', prefix: 'own', user: 'own.lab.n1', password: 'secret', urls: ['amqp://broker.lab'], ca: undefined };

let home: string;
let server: Server;
let asked: EnrolRequest[];
/** What the server says of the token; undefined: it redeems it, and answers only whoever redeemed it first. */
let refusal: string | undefined;
let redeemedBy: string | undefined;

beforeEach(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'enroll-run-'));
  writeFileSync(path.join(home, 'token'), tokenText(token), { mode: 0o600 });
  asked = [];
  refusal = undefined;
  redeemedBy = undefined;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const question = JSON.parse(Buffer.concat(chunks).toString()) as EnrolRequest;
      asked.push(question);
      const code = refusal ?? ((redeemedBy ??= question.nonce) === question.nonce ? undefined : 'token_used');
      if (code === undefined) response.end(JSON.stringify({ sealed: seal(keyOf(token), question, JSON.stringify(told), random) }));
      else response.writeHead(403).end(JSON.stringify({ code, detail: 'no' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
  rmSync(home, { recursive: true });
});

const enroll = async (): Promise<{ readonly code: number; readonly text: string }> => {
  const { port } = server.address() as AddressInfo; // it listens on TCP
  let [code, text] = [0, ''];
  const write = (more: string): void => void (text += more);
  const host = { argv: [], env: {}, onSignal: () => undefined, stdout: write, stderr: write, exit: (given: number) => void (code = given) };
  await runEnroll(['--home', home, '--server', `http://127.0.0.1:${port}`, '--token-file', path.join(home, 'token')], host);
  return { code, text };
};

const isKept = (): boolean => existsSync(path.join(home, 'config', 'enrolling'));

test.each(['token_unknown', 'enrolment_off', 'token_used'])('a server that says %s takes no nonce away: the right one, which has redeemed it, is asked the same and answers', async (code) => {
  refusal = code;
  expect(await enroll()).toEqual({ code: 1, text: `jetpackd enroll: no (${code})\n` });
  expect(isKept()).toBe(true);
  redeemedBy = asked[0]?.nonce;
  refusal = undefined;
  expect(await enroll()).toEqual({ code: 0, text: expect.stringContaining('this node is lab/n1') });
  expect([asked.length, isKept()]).toEqual([2, false]);
});

test('a token that has expired leaves none behind', async () => {
  refusal = 'token_expired';
  expect(await enroll()).toMatchObject({ code: 1 });
  expect(isKept()).toBe(false);
});
