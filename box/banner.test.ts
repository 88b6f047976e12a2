import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { banner } from './banner.ts';
import { root } from './plan.ts';
import { plain } from './view.ts';

const cluster = { about: 'about', url: 'http://127.0.0.1:1' };
const planIn = (state: string, forMs?: number) => ({ state, fresh: false, break: false, untilReady: false, forMs, brokerUrl: undefined });

test('names the API, the logs and how it ends', () => {
  const text = banner(cluster, planIn('/tmp/box'), plain).join('\n');
  for (const path of ['/api/nodes', '/api/events', '/api/commands', '/healthz']) expect(text).toContain(`http://127.0.0.1:1${path}`);
  expect(text).toContain('/tmp/box/logs');
  expect(text).toContain('Ctrl-C ends it.');
  expect(banner(cluster, planIn('/tmp/box', 20_000), plain).join('\n')).toContain('Ends by itself after 20 s.');
});

test('the commands to try are for a shell, whatever the folders are called', () => {
  const state = "/tmp/a person's box; echo $HOME";
  const commands = banner(cluster, planIn(state), plain).filter((line) => line.includes('bin/jetpack'));
  expect(commands).toHaveLength(4);
  for (const command of commands) {
    const words = execFileSync('sh', ['-c', `for word in ${command}; do echo "$word"; done`], { encoding: 'utf8' }).trim().split('\n');
    expect(words[0]).toBe(path.join(root, 'bin', 'jetpack'));
    expect(words.at(-1)).toMatch(new RegExp(`^/tmp/a person's box; echo \\$HOME/nodes/`));
  }
});

test('the order to try is one that the API takes, as a shell gives it to curl', () => {
  const line = banner(cluster, planIn('/tmp/box'), plain).find((one) => one.includes('curl')) ?? '';
  const words = execFileSync('sh', ['-c', `for word in ${line.trim()}; do echo "$word"; done`], { encoding: 'utf8' }).trim().split('\n');
  expect(words).toEqual(['curl', '-d', expect.anything(), '-H', 'content-type: application/json', 'http://127.0.0.1:1/api/commands']);
  expect(JSON.parse(words[2] ?? '')).toEqual({ cluster: 'box', nodes: 'all', command: 'check' });
});
