// Every command that the documents tell people to type, and where a test or .ci/run types it. A command that is missing
// here fails a test, and so does one that is in no document.

export type Proof =
  /** scripts/documented-commands.program.test.ts, in a copy of the repository. */
  | { readonly by: 'unit' }
  /** integration/docs.test.ts, on a broker. */
  | { readonly by: 'integration' }
  /** integration/compose/compose.test.ts, in containers. */
  | { readonly by: 'compose' }
  /** .ci/run has this line. */
  | { readonly by: 'ci'; readonly line: string }
  | { readonly by: 'nobody'; readonly because: string };

const ci = (line: string): Proof => ({ by: 'ci', line });

/** With the API's address to be put in for URL. */
export const settingByCurl =
  `curl -d '{"cluster": "box", "nodes": ["execute-1"], "command": "set", "key": "demo.min_free_mib", "value": 999999999}' -H 'content-type: application/json' URL/api/commands`;

export const commands: Readonly<Record<string, Proof>> = {
  'npm start': { by: 'unit' },
  'npm start -- --break --until-ready': { by: 'unit' },
  'bin/jetpack status --home .state/box/nodes/scheduler': { by: 'unit' },
  'bin/jetpack config cyclecloud.node.name --home .state/box/nodes/scheduler': { by: 'unit' },
  "bin/jetpack keepalive 2h --reason 'looking around' --home .state/box/nodes/execute-1": { by: 'unit' },
  "bin/jetpack log 'system is now ready' --home .state/box/nodes/scheduler": { by: 'unit' },
  'bin/jetpack converge --plan --home .state/box/nodes/execute-1': { by: 'unit' },
  'bin/jetpack converge --rerun-scripts --home .state/box/nodes/execute-1': { by: 'unit' },
  'bin/jetpack config demo --json --home .state/box/nodes/execute-1': { by: 'unit' },
  [settingByCurl]: { by: 'unit' },
  'bin/jetpack health --run --home .state/box/nodes/execute-1': { by: 'unit' },
  'npm run docs': { by: 'unit' },
  'npm start -- --amqp amqp://guest:guest@127.0.0.1:5672': { by: 'integration' },
  'JETPACK_AMQP_URL=amqp://jetpack:s3cret@broker:5672 bin/cycle-server --home /opt/cycle_server': { by: 'integration' },
  'JETPACK_AMQP_URL=amqp://jetpack:s3cret@broker:5672 bin/jetpackd --cluster demo --node execute-1': { by: 'integration' },
  'npm run build -- DIR': { by: 'nobody', because: 'install/command-line.program.test.ts runs the program behind it, in a folder of its own' },
  'npm ci --omit=dev': { by: 'nobody', because: 'Dockerfile types it where there is a registry' },
  'npm ci': { by: 'nobody', because: 'it would replace the packages of the very run that tests it; the bootstrap gives the same' },
  'npm test': ci('suites test 10m npm test'),
  'npm run check': ci('step check 2m npm run check'),
  'npm run test:integration': ci('suites integration 30m npm run test:integration'),
  'npm run chaos -- --seed 1 --minutes 2': ci('begin_chaos 10m npm run chaos -- --seed 1 --minutes 2'),
  'npm run crash -- --seed 1 --kills 200': { by: 'nobody', because: 'integration/crash/crash.test.ts runs the program behind it, with fewer kills' },
  '.ci/docker-images': { by: 'nobody', because: 'it installs and starts an engine; .ci/run does so where there is none' },
  '.ci/docker-images rabbitmq': { by: 'nobody', because: 'a part of that' },
  '.ci/docker-images rabbitmq-next': { by: 'nobody', because: 'a part of that' },
  '.ci/docker-images stop': { by: 'nobody', because: 'it ends the engine that other suites use; .ci/run does so at its end' },
  '.ci/run': { by: 'nobody', because: 'it runs the tests' },
  'docker compose up -d': { by: 'compose' },
  'docker compose exec execute-1 jetpack status': { by: 'compose' },
  "docker compose exec execute-1 jetpack log 'hello from a container'": { by: 'compose' },
  'docker compose down': { by: 'compose' },
  'npm run bench -- NAME [--rounds N] [--json FILE] [--install-peers] [--broker installed|4|next]': { by: 'nobody', because: 'no test measures; the form of its options: bench/harness.test.ts' },
};

export const provedBy = (by: Proof['by']): readonly string[] => Object.keys(commands).filter((command) => commands[command]?.by === by);
