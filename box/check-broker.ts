// Whether a broker lets us in, asked before anything is started: what is wrong with it is then one line, and not a cluster
// that never becomes ready.
import { silentLogger } from '../effects/logger.ts';
import type { Clock } from '../effects/clock.ts';
import type { Random } from '../effects/random.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { createActorSystem } from '../actors/runtime.ts';
import { connectAmqp } from '../supervisors/amqp-transport.ts';

/** Short enough for a person who gives up meanwhile. */
const withinMs = 4_000;

/** The first answer counts; there is no second attempt. Fails with the code of the refusal, or `broker_unreachable`. */
export const checkBroker = async (url: string, clock: Clock, random: Random): Promise<Result<void>> => {
  const nothing = { exchanges: [], queues: [], bindings: [] };
  const system = createActorSystem({ name: 'check', clock, random, logger: silentLogger });
  const transport = connectAmqp({ name: 'jetpack box', topology: nothing, urls: [url], clock, random, connectTimeoutMs: withinMs }, system);
  const answer = await new Promise<Result<void>>((resolve) => {
    transport.onStatus((status) => {
      if (status.type === 'connected') resolve(ok(undefined));
      if (status.type === 'disconnected' || status.type === 'failed') resolve(fail(status.code, `the broker cannot be used: ${status.reason}`));
    });
  });
  await transport.close();
  system.stop();
  return answer;
};
