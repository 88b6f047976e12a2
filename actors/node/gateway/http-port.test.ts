import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import type { Json } from '../../../protocol/configuration.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { ConfigMessage } from '../config/messages.ts';
import type { LocalSockets } from './gateway.ts';
import { HttpPort, type HttpPortMessage } from './http-port.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = async (openWith?: (port: number) => Promise<Result<LocalSockets>>) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const deeds: string[] = [];
  const did = (what: string) => async (): Promise<void> => void deeds.push(what);
  let value: Json | undefined;
  const config = probe<ConfigMessage>(system, 'config', (message) => {
    if (message.type === 'explain') message.reply(value === undefined ? [] : [{ layer: 'configuration', value }]);
  });
  const openHttp = (port: number): Promise<Result<LocalSockets>> => {
    deeds.push(`open ${port}`);
    return openWith?.(port) ?? Promise.resolve(ok({ drain: did(`drain ${port}`), close: did(`close ${port}`) }));
  };
  const definition: ActorDefinition<HttpPort, HttpPortMessage> = {
    name: 'port',
    start: (context: ActorContext<HttpPortMessage>) => new HttpPort({ config: config.ref, openHttp, logger: log.logger }, context),
    receive(state, message) {
      state.received(message);
      return state;
    },
    drain: (state) => state.end((listener) => listener.drain()),
    release: (state) => state.end((listener) => listener.close()),
  };
  const incarnation = system.spawn('port', definition, supervise('end'));
  await settle();
  /** node.json was written, with this under the key. */
  const written = async (next: Json | undefined): Promise<void> => {
    value = next;
    for (const message of config.received.filter(({ type }) => type === 'watch')) if (message.type === 'watch') message.changed();
    await settle();
  };
  return { clock, config, deeds, incarnation, log, written };
};

describe('the HTTP port', () => {
  test('is listened on when node.json names one, and not otherwise', async () => {
    const { config, deeds, log, written } = await begin();
    expect(config.received).toMatchObject([{ type: 'watch' }]);
    for (const none of [undefined, null, false, '', 0]) await written(none);
    expect([deeds, log.lines]).toEqual([[], []]);
    await written(9_080);
    expect([deeds, log.lines]).toEqual([['open 9080'], ['info: programs of this machine may post to http://127.0.0.1:9080/clusterlink/messages']]);
    expect(config.received.filter(({ type }) => type === 'explain')).toMatchObject(Array.from({ length: 6 }, () => ({ key: 'cyclecloud.jetpack.http_port' })));
  });

  test('follows the key, also as text: another port, and none', async () => {
    const { deeds, written } = await begin();
    await written(9_080);
    await written('9080');
    await written('9081');
    await written(undefined);
    expect(deeds).toEqual(['open 9080', 'drain 9080', 'open 9081', 'drain 9081']);
  });

  test('that comes to be wanted while another is being opened is opened after it, and only the last', async () => {
    const openings: Array<(listener: Result<LocalSockets>) => void> = [];
    const { deeds, written } = await begin(() => new Promise((resolve) => void openings.push(resolve)));
    for (const port of [1, 2, 3]) await written(port);
    expect(deeds).toEqual(['open 1']);
    openings[0]?.(ok({ drain: async () => void deeds.push('drain 1'), close: async () => undefined }));
    await settle();
    expect(deeds).toEqual(['open 1', 'drain 1', 'open 3']);
  });

  test('that is in use is one line, is tried every 30 s, and harms nobody', async () => {
    let free = false;
    const { clock, deeds, log, written } = await begin((port) => Promise.resolve(free ? ok({ drain: async () => undefined, close: async () => undefined }) : fail('port_unavailable', `port ${port} of 127.0.0.1 is in use by another program`)));
    await written(9_080);
    await written(9_080);
    for (const _ of [1, 2]) {
      await clock.advance(30_000);
      await settle();
    }
    const line = 'warn: cyclecloud.jetpack.http_port: port 9080 of 127.0.0.1 is in use by another program; jetpackd goes on without it, and tries again by itself';
    expect([deeds, log.lines]).toEqual([['open 9080', 'open 9080', 'open 9080'], [line]]);
    free = true;
    await clock.advance(30_000);
    await settle();
    expect(log.lines.slice(1)).toEqual(['info: programs of this machine may post to http://127.0.0.1:9080/clusterlink/messages']);
  });

  test.each([70_000, -1, 1.5, 'http', true, [9_080]])('is none when the key is %j, and one line says so', async (value) => {
    const { deeds, log, written } = await begin();
    await written(value);
    await written(value);
    expect([deeds, log.lines]).toEqual([[], ['warn: cyclecloud.jetpack.http_port is no port: nothing listens on it']]);
  });

  test('ends with its actor, and is watched no more', async () => {
    const { config, deeds, incarnation, written } = await begin();
    await written(9_080);
    await incarnation.drain();
    expect(deeds).toContain('drain 9080');
    expect(config.received).toContainEqual({ type: 'unwatch', id: 'gateway/http' });
    await written(9_081);
    expect(deeds).not.toContain('open 9081');
  });

  test('that opens when its actor is ending is closed all the same', async () => {
    const opening = Promise.withResolvers<Result<LocalSockets>>();
    const { deeds, incarnation, written } = await begin(() => opening.promise);
    await written(9_080);
    const ended = incarnation.end();
    opening.resolve(ok({ drain: async () => undefined, close: async () => void deeds.push('closed') }));
    await ended;
    expect(deeds).toContain('closed');
  });
});
