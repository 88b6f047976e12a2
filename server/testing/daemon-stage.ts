// What the tests of daemon share.
import { afterEach, beforeEach } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeTransport } from '../../actors/testing/fake-transport.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { lasts } from '../../effects/testing/lasts.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import type { Frame, FrameKind, FrameOf } from '../../protocol/frames.ts';
import type { Result } from '../../protocol/result.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { Topology } from '../../transport/topology.ts';
import { startServer, type RunningServer, type ServerSurroundings } from '../daemon.ts';

export let home: string;

export let clock: ManualClock;

const running: RunningServer[] = [];

export const start = (more: Partial<ServerSurroundings> = {}, port = 0) => {
  const log = recordLog();
  const transport = new FakeTransport();
  const topologies: Topology[] = [];
  const started: Result<RunningServer> = startServer(
    { home, name: 's', prefix: 'test', listen: { host: '127.0.0.1', port } },
    {
      openTransport: (topology) => {
        topologies.push(topology);
        return transport;
      },
      metrics: createMetrics(clock),
      clock,
      random: seededRandom(1),
      logger: log.logger,
      ...more,
    },
  );
  if (started.ok) running.push(started.value);
  return { log, started, topologies, transport };
};

export const begin = async (more?: Partial<ServerSurroundings>) => {
  const { started, ...rest } = start(more);
  if (!started.ok) throw new Error(started.error.message);
  return { ...rest, server: started.value, url: await started.value.listening };
};

/** The last frame of this kind that was published, when there is one. */
export const told = async <K extends FrameKind>(transport: FakeTransport, kind: K): Promise<FrameOf<K>> => {
  const frames = (): readonly Frame[] =>
    transport.published.flatMap(({ message }) => {
      const decoded = decodeFrame(message.body);
      return decoded.ok ? [decoded.value] : [];
    });
  const last = (): FrameOf<K> | undefined => frames().findLast((sent): sent is FrameOf<K> => sent.kind === kind);
  await waitFor(`a ${kind} frame is published`, () => last() !== undefined);
  return last()!;
};

/** For each test of the file that calls it. */
export const useDaemonStage = (): void => {
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'server-daemon-'));
    clock = new ManualClock();
  });
  afterEach(async () => {
    for (const server of running.splice(0)) await lasts(clock, server.stop());
    rmSync(home, { recursive: true });
  });
};
