// The program behind `npm run crash`, with fewer kills than people give it.
import { afterEach, expect, test } from '@jest/globals';
import { programsVariable, startScript, type Running } from '../cluster/processes.ts';

let run: Running | undefined;

// One that outlasts its test ends all it started.
afterEach(async () => void (await run?.stop()), 30_000);

test('over twenty kills of daemons and server nothing that was accepted is lost, doubled or out of order', async () => {
  run = startScript('integration/crash/main.ts', ['--seed', '1', '--kills', '20'], { env: { [programsVariable]: process.env[programsVariable] ?? '' } });
  const { code, signal } = await run.ended;
  const [{ accepted = '0', stored = '' } = {}] = [...run.stdout().matchAll(/^accepted (?<accepted>\d+) stored (?<stored>\d+) lost 0 doubled 0 out of order 0$/gm)].map(({ groups }) => groups);
  const [{ sends = '0' } = {}] = [...run.stdout().matchAll(/^user messages: accepted (?<sends>\d+) delivered \d+ lost 0, /gm)].map(({ groups }) => groups);
  const killed = /^killed while starting (\d+), at any time (\d+), and at a stage\n.*: (.*)\n.*: (.*)$/m.exec(run.stdout())?.slice(1) ?? [];
  process.stdout.write(run.stdout());
  expect({ code, signal, stderr: run.stderr(), stored }).toEqual({ code: 0, signal: null, stderr: '', stored: accepted });
  expect((killed.join(', ').match(/\d+(?=,|$)/g) ?? []).reduce((sum, count) => sum + Number(count), 0)).toBe(20);
  expect(Number(accepted)).toBeGreaterThan(100);
  expect(Number(sends)).toBeGreaterThan(10);
}, 240_000);
