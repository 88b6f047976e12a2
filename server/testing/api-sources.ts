// What the API answers from, for tests: nothing, unless they say otherwise.
import { fail, ok } from '../../protocol/result.ts';
import type { ApiSources } from '../http/app.ts';

export const apiSources = (more: Partial<ApiSources> = {}): ApiSources => ({
  nodes: () => Promise.resolve(ok([])),
  events: () => [],
  health: () => ({ broker: 'connected', product: 'fake', events: 0 }),
  command: () => Promise.resolve(fail('busy', 'no command was expected')),
  commands: () => [],
  commandOf: () => undefined,
  autoscale: () => Promise.resolve(ok([])),
  mint: () => Promise.resolve(fail('busy', 'no token was expected')),
  redeem: () => Promise.resolve(fail('busy', 'no node was expected')),
  revoke: () => Promise.resolve(fail('busy', 'no revocation was expected')),
  tokens: () => [],
  identities: () => [],
  speaker: () => fail('enrolment_off', 'nobody was expected'),
  post: () => Promise.resolve(fail('busy', 'no messages were expected')),
  ...more,
});
