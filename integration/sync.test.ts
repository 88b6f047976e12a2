// Node and server as real processes that a real broker keeps in step, through what goes wrong between them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { waitFor } from '../effects/testing/wait-for.ts';
import { freePorts } from './broker/free-ports.ts';
import type { ProcessCluster } from './cluster/process-cluster.ts';
import { takeUserMessages } from './cluster/taken.ts';
import { useClusters } from './cluster/use-clusters.ts';
import { Load } from './crash/load.ts';

const clusters = useClusters();
let cluster: ProcessCluster;

const stored = (count: number, withinMs?: number): Promise<readonly string[]> =>
  waitFor(
    `${count} messages in the store`,
    async () => {
      const messages = await cluster.logged();
      return messages.length >= count && messages;
    },
    withinMs,
  );

/** What a command says when the daemon has its message. */
const accepted = { code: 0, stdout: '', stderr: '' };

describe('one server and three nodes', () => {
  const names = ['one', 'two', 'three'];

  test('every node registers and becomes ready, and what each reports is stored once, in the log of the server too', async () => {
    cluster = clusters.begin();
    await cluster.startServer();
    await Promise.all(names.map((name) => cluster.startNode(name)));
    await waitFor('three nodes ready and online', async () => {
      const nodes = await cluster.nodes();
      return nodes.length === 3 && nodes.every(({ phase, link }) => phase === 'ready' && link === 'online');
    });
    const nodes = await cluster.nodes();
    expect(new Set(nodes.map(({ cluster: of, node, instanceId }) => `${of}/${node} ${instanceId}`))).toEqual(new Set(names.map((name) => `c/${name} ${name}`)));

    const forms = [
      { argv: [], level: 'info', priority: 'medium' },
      { argv: ['--level', 'warn', '--priority', 'low'], level: 'warn', priority: 'low' },
      { argv: ['--level', 'error'], level: 'error', priority: 'high' },
    ];
    const runs = names.flatMap((name) => forms.map(({ argv, level }) => cluster.jetpack(name, ['log', `${level} of ${name}`, ...argv])));
    for (const run of await Promise.all(runs)) expect(run).toEqual(accepted);
    await stored(9);
    const events = (await cluster.events()).filter(({ kind }) => kind === 'log');
    const expected = names.flatMap((node) => forms.map(({ level, priority }) => ({ node, level, priority, message: `${level} of ${node}` })));
    expect(events).toHaveLength(9);
    expect(events).toEqual(expect.arrayContaining(expected.map((fields) => expect.objectContaining(fields))));
    await waitFor('every message in cycle_server.log', () => {
      const lines = readFileSync(path.join(cluster.home('server'), 'cycle_server.log'), 'utf8').split('\n');
      return expected.every(({ node, level, message }) => lines.filter((line) => line.includes(` ${level.toUpperCase()} c/${node} ${message}`)).length === 1);
    });
  }, 30_000);
});

describe('a server that is killed', () => {
  test('nodes accept while it is away, and everything is stored in order when it is back', async () => {
    cluster = clusters.begin();
    const server = await cluster.startServer();
    await cluster.startNode('one');
    await cluster.jetpack('one', ['log', 'before']);
    await stored(1);
    await server.kill();
    for (const message of ['meanwhile', 'still away']) expect(await cluster.jetpack('one', ['log', message])).toEqual(accepted);
    await cluster.startServer();
    expect(await stored(3)).toEqual(['before', 'meanwhile', 'still away']);
  }, 30_000);
});

describe('a daemon that is killed', () => {
  test('messages wait in the spool while it is away, and are taken in order under their ids when it is back', async () => {
    cluster = clusters.begin();
    await cluster.startServer();
    const node = await cluster.startNode('one');
    expect(await cluster.jetpack('one', ['log', 'before'])).toEqual(accepted);
    await node.kill();
    const messages = ['first', 'second', 'third'];
    for (const message of messages) {
      const run = await cluster.jetpack('one', ['log', message]);
      expect(run).toMatchObject({ code: 0, stdout: '' });
      expect(run.stderr).toMatch(/^jetpack log: jetpackd is not running: .*\n$/);
    }
    const spool = path.join(cluster.home('one'), 'run', 'spool');
    const names = readdirSync(spool).filter((name) => name !== 'rejected').sort();
    const ids = names.map((name) => (JSON.parse(readFileSync(path.join(spool, name), 'utf8')) as { readonly id: string }).id);
    expect(ids).toHaveLength(3);
    await cluster.startNode('one');
    expect(await stored(4)).toEqual(['before', ...messages]);
    const events = (await cluster.events()).filter(({ message }) => messages.includes(message));
    expect(events.map(({ id }) => id)).toEqual(ids);
    await waitFor('an empty spool', () => readdirSync(spool).length === 1);
  }, 30_000);
});

describe('a message of jetpack send', () => {
  test('reaches whoever bound a queue for its routing key, as it was given', async () => {
    cluster = clusters.begin();
    const taken = await takeUserMessages(clusters.broker().url(), cluster.prefix, 'jobs.*.done');
    try {
      await cluster.startNode('one');
      expect(await cluster.jetpack('one', ['send', '{"job":7}', '--routing-key', 'jobs.7.done'])).toEqual(accepted);
      const bytes = { input: 'from a pipe' };
      expect(await cluster.jetpack('one', ['send', '--file', '-', '--routing-key', 'jobs.8.done'], bytes)).toEqual(accepted);
      await waitFor('both messages', () => taken.messages.length === 2);
      expect(taken.messages.map(({ content, fields, properties }) => [content.toString(), fields.routingKey, properties.contentType])).toEqual([
        ['{"job":7}', 'jobs.7.done', 'application/json'],
        ['from a pipe', 'jobs.8.done', 'text/plain'],
      ]);
    } finally {
      await taken.close();
    }
  }, 30_000);

  test('that nobody takes is reported as undelivered, and those behind it arrive', async () => {
    cluster = clusters.begin();
    await cluster.startServer();
    await cluster.startNode('one');
    expect(await cluster.jetpack('one', ['send', 'hello', '--routing-key', 'no.body'])).toEqual(accepted);
    expect(await cluster.jetpack('one', ['log', 'behind it'])).toEqual(accepted);
    const event = await waitFor('the report', async () => (await cluster.events()).find(({ kind }) => kind === 'undelivered'));
    expect(event).toMatchObject({ node: 'one', level: 'warn', priority: 'high', message: expect.stringContaining('no.body') });
    expect(await stored(1)).toEqual(['behind it']);
  }, 30_000);
});

describe('the programs', () => {
  test('a second daemon on a home, and a second server, end with one line while the first goes on', async () => {
    cluster = clusters.begin();
    await cluster.startServer();
    const url = cluster.url;
    await cluster.startNode('one');
    const node = cluster.launchNode('one');
    expect(await node.ended).toEqual({ code: 1, signal: null });
    expect(node.stderr()).toBe(`jetpackd: another jetpackd serves ${cluster.home('one')} (already_running)\n`);
    await expect(cluster.startServer()).rejects.toThrow(`cycle-server: another cycle-server serves ${cluster.home('server')} (already_running)\n`);
    expect(await cluster.jetpack('one', ['log', 'still here'])).toEqual(accepted);
    expect(cluster.url).toBe(url);
    expect(await stored(1)).toEqual(['still here']);
  }, 30_000);

  test('end within five seconds of a SIGTERM under load without a broker, and with exit code 0', async () => {
    const [port = 0] = await freePorts(1);
    cluster = clusters.begin({ url: `amqp://127.0.0.1:${port}` });
    const server = await cluster.startServer();
    const node = await cluster.startNode('one');
    const load = new Load([{ node: 'one', home: cluster.home('one') }]);
    await waitFor('some load', () => load.logs.length > 50);
    for (const program of [node, server]) {
      const before = performance.now();
      expect(await program.stop()).toEqual({ code: 0, signal: null });
      expect(performance.now() - before).toBeLessThan(5_000);
    }
    await load.end();
  }, 30_000);
});
