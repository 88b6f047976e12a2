// Every message of the protocol as fast-check sees it. The tables are typed by kind, so a new kind without an arbitrary
// does not compile.
import * as fc from 'fast-check';
import type { AutoscaleTarget } from '../autoscale.ts';
import type { Card } from '../card.ts';
import type { Configuration, Tree } from '../configuration.ts';
import { commandStates, conditionStatuses, convergeOutcomes, convergeTriggers, installationStatuses, levels, phases, priorities, shutdownCauses, shutdownWays, type EventKind, type EventOf } from '../events.ts';
import { commandNames, wireVersion, type FrameKind, type FrameOf } from '../frames.ts';
import { nodeName, type NodeAddress } from '../identity.ts';
import type { LocalRequestOf, Verb } from '../local.ts';
import { character } from './character.ts';

const uuid = fc.uuid();
const natural = fc.maxSafeNat();
const integer = fc.maxSafeInteger();
const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const lane = fc.stringMatching(/^[a-z]{1,16}$/);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Any text at all, lone surrogates included: what a file or an argument can hold. */
const text = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });

const name = fc.string({ unit: character, minLength: 1, maxLength: 30 }).filter((any) => nodeName.safeParse(any).success);

export const address: fc.Arbitrary<NodeAddress> = fc.record({ cluster: name, node: name });

const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${length - 1}}[1-9a-f]$`));

const trace = maybe(
  fc.record({
    traceparent: fc.tuple(hex(32), hex(16), hex(2)).map((parts) => ['00', ...parts].join('-')),
    tracestate: maybe(fc.stringMatching(/^[ -~]{1,512}$/)),
  }),
);

/** Any tree of JSON, but for keys named `__proto__`, which a reader leaves out. */
const tree: fc.Arbitrary<Tree> = fc
  .dictionary(fc.oneof(text, fc.constantFrom('constructor', 'a.b', '')), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4, noNullPrototype: true })
  // What was made is JSON, and comes out of this as what JSON says: 0 for -0.
  .map((any) => JSON.parse(JSON.stringify(any, (key, value: unknown) => (key === '__proto__' ? undefined : value))) as Tree);

const configuration: fc.Arbitrary<Configuration> = fc.record({ revision: sequence, tree });

const short = fc.string({ minLength: 1, maxLength: 255 });

const targets: fc.Arbitrary<AutoscaleTarget[]> = fc.array(
  fc.record({ name: maybe(short), coreCount: maybe(natural), instanceCount: natural, attributes: maybe(tree) }),
  { maxLength: 5 },
);

const card: fc.Arbitrary<Card> = fc.record({
  summary: text,
  recommendation: text,
  aspect: maybe(text),
  project: maybe(text),
  spec: maybe(text),
  script: maybe(text),
  exitCode: maybe(integer),
  ending: maybe(text),
  output: maybe(text),
  log: maybe(text),
});

const eventHead = { id: uuid, at: natural, trace };

export const events: { readonly [K in EventKind]: fc.Arbitrary<EventOf<K>> } = {
  log: fc.record({
    kind: fc.constant('log'),
    ...eventHead,
    level: fc.constantFrom(...levels),
    priority: fc.constantFrom(...priorities),
    message: text,
    details: maybe(tree),
  }),
  node: fc.record({ kind: fc.constant('node'), ...eventHead, instanceId: text, hostname: text, version: text, pid: integer }),
  phase: fc.record({ kind: fc.constant('phase'), ...eventHead, phase: fc.constantFrom(...phases), detail: maybe(text) }),
  converge: fc.record({
    kind: fc.constant('converge'),
    ...eventHead,
    run: uuid,
    trigger: fc.constantFrom(...convergeTriggers),
    outcome: fc.constantFrom(...convergeOutcomes),
    done: natural,
    total: natural,
    step: maybe(text),
    failure: maybe(card),
  }),
  condition: fc.record({
    kind: fc.constant('condition'),
    ...eventHead,
    name: text,
    status: fc.constantFrom(...conditionStatuses),
    message: maybe(text),
    description: maybe(text),
    details: maybe(text),
    recommendation: maybe(text),
    actionType: maybe(text),
    ghrCategory: maybe(text),
  }),
  termination: fc.record({
    kind: fc.constant('termination'),
    ...eventHead,
    request: uuid,
    state: fc.constantFrom('requested', 'withdrawn'),
    check: text,
    reason: text,
  }),
  keepalive: fc.record({ kind: fc.constant('keepalive'), ...eventHead, holds: fc.boolean(), expiresAt: maybe(natural), reason: maybe(text) }),
  shutdown: fc.record({
    kind: fc.constant('shutdown'),
    ...eventHead,
    request: uuid,
    state: fc.constantFrom('requested', 'withdrawn'),
    cause: fc.constantFrom(...shutdownCauses),
    way: fc.constantFrom(...shutdownWays),
    reason: maybe(text),
  }),
  autoscale: fc.record({ kind: fc.constant('autoscale'), ...eventHead, targets }),
  property: fc.record({ kind: fc.constant('property'), ...eventHead, key: text, value: maybe(text) }),
  installation: fc.record({ kind: fc.constant('installation'), ...eventHead, status: fc.constantFrom(...installationStatuses), message: maybe(text), hostname: text, details: maybe(tree) }),
  test: fc.record({ kind: fc.constant('test'), ...eventHead, level: fc.constantFrom(...levels), name: maybe(text), message: maybe(text), details: maybe(tree) }),
  command: fc.record({
    kind: fc.constant('command'),
    ...eventHead,
    command: uuid,
    state: fc.constantFrom(...commandStates),
    code: maybe(text),
    message: maybe(text),
  }),
  undelivered: fc.record({ kind: fc.constant('undelivered'), ...eventHead, messageId: uuid, routingKey: text, reason: text }),
  dropped: fc.record({ kind: fc.constant('dropped'), ...eventHead, from: sequence, to: sequence, reason: text }),
};

export const anyEvent = fc.oneof(...Object.values(events));

const frameHead = {
  v: fc.constant(wireVersion),
  id: uuid,
  sentAt: natural,
  trace,
  remainingMs: maybe(natural),
  correlationId: maybe(uuid),
  from: maybe(address),
};

export const frames: { readonly [K in FrameKind]: fc.Arbitrary<FrameOf<K>> } = {
  events: fc.record({
    kind: fc.constant('events'),
    ...frameHead,
    body: fc.record({
      stream: uuid,
      lane,
      after: maybe(fc.record({ stream: uuid, sequence: natural })),
      entries: fc.array(fc.record({ sequence, event: anyEvent })),
    }),
  }),
  register: fc.record({
    kind: fc.constant('register'),
    ...frameHead,
    body: fc.record({
      instanceId: text,
      hostname: text,
      version: text,
      wire: fc.record({ min: integer, max: integer }),
      configuration: maybe(natural),
      phase: maybe(text),
    }),
  }),
  heartbeat: fc.record({
    kind: fc.constant('heartbeat'),
    ...frameHead,
    body: fc.record({ everyMs: sequence, phase: text, uptimeMs: natural, outbox: natural, configuration: maybe(natural) }),
  }),
  watch: fc.record({
    kind: fc.constant('watch'),
    ...frameHead,
    body: fc.record({ watch: uuid, role: text, phase: text, count: maybe(sequence), leaseMs: fc.nat(600_000) }),
  }),
  registered: fc.record({ kind: fc.constant('registered'), ...frameHead, body: fc.record({ server: text, wire: integer, tellAll: maybe(fc.boolean()) }) }),
  refused: fc.record({ kind: fc.constant('refused'), ...frameHead, body: fc.record({ code: text, message: text }) }),
  configuration: fc.record({ kind: fc.constant('configuration'), ...frameHead, body: configuration }),
  command: fc.record({
    kind: fc.constant('command'),
    ...frameHead,
    body: fc.record({
      command: uuid,
      name: fc.constantFrom(...commandNames),
      rerunScripts: maybe(fc.boolean()),
      key: maybe(text),
      configuration: maybe(configuration),
    }),
  }),
  watched: fc.record({
    kind: fc.constant('watched'),
    ...frameHead,
    body: fc.record({ watch: uuid, met: fc.boolean(), nodes: fc.array(fc.record({ node: text, phase: text })) }),
  }),
  applied: fc.record({ kind: fc.constant('applied'), ...frameHead, body: fc.record({ stream: uuid, lane, sequence: natural }) }),
  resend: fc.record({
    kind: fc.constant('resend'),
    ...frameHead,
    body: fc.record({ stream: uuid, lane, from: sequence, to: sequence }),
  }),
};

export const anyFrame = fc.oneof(...Object.values(frames));

const requestHead = { id: uuid, trace, remainingMs: maybe(natural) };

export const requests: { readonly [V in Verb]: fc.Arbitrary<LocalRequestOf<V>> } = {
  log: fc.record({
    verb: fc.constant('log'),
    ...requestHead,
    at: natural,
    level: fc.constantFrom(...levels),
    priority: fc.constantFrom(...priorities),
    message: text,
    details: maybe(tree),
  }),
  send: fc.record({
    verb: fc.constant('send'),
    ...requestHead,
    at: natural,
    routingKey: text,
    contentType: fc.string({ maxLength: 255 }),
    bodyBase64: fc.base64String(),
    exchange: maybe(fc.string({ maxLength: 255 })),
    headers: maybe(fc.dictionary(short.filter((header) => header !== '__proto__'), text, { noNullPrototype: true })),
    persistent: maybe(fc.boolean()),
  }),
  condition: fc.record({
    verb: fc.constant('condition'),
    ...requestHead,
    at: natural,
    name: short,
    status: fc.constantFrom('OK', 'Warning', 'Error', 'NA'),
    message: maybe(text),
    description: maybe(text),
    details: maybe(text),
    recommendation: maybe(text),
    actionType: maybe(fc.constant('GHR')),
    ghrCategory: maybe(short),
  }),
  autoscale: fc.record({ verb: fc.constant('autoscale'), ...requestHead, at: natural, targets }),
  installation: fc.record({
    verb: fc.constant('installation'),
    ...requestHead,
    at: natural,
    status: fc.constantFrom(...installationStatuses),
    message: maybe(text),
    hostname: maybe(fc.constantFrom('n', 'execute-7', 'ip-0A1B2C3D.internal.example', `${'a'.repeat(63)}.lan`)),
    details: maybe(tree),
  }),
  test: fc.record({ verb: fc.constant('test'), ...requestHead, at: natural, level: fc.constantFrom(...levels), name: maybe(short), message: maybe(text), details: maybe(tree) }),
  property: fc.record({ verb: fc.constant('property'), ...requestHead, at: natural, key: short, value: maybe(text) }),
  explain: fc.record({ verb: fc.constant('explain'), ...requestHead, key: text }),
  watch: fc.record({ verb: fc.constant('watch'), ...requestHead }),
  shutdown: fc.record({
    verb: fc.constant('shutdown'),
    ...requestHead,
    action: fc.constantFrom('request', 'cancel'),
    cause: maybe(fc.constantFrom(...shutdownCauses)),
    way: maybe(fc.constantFrom(...shutdownWays)),
    reason: maybe(text),
  }),
  'run-on-shutdown': fc.record({
    verb: fc.constant('run-on-shutdown'),
    ...requestHead,
    action: fc.constantFrom('add', 'list', 'remove'),
    path: maybe(short),
    arguments: maybe(fc.array(text, { maxLength: 3 })),
  }),
  keepalive: fc.record({
    verb: fc.constant('keepalive'),
    ...requestHead,
    action: fc.constantFrom('set', 'show', 'cancel'),
    durationMs: maybe(fc.integer({ min: 1_000, max: 315_360_000_000 })),
    reason: maybe(text),
  }),
  converge: fc.record({ verb: fc.constant('converge'), ...requestHead, plan: fc.boolean(), rerunScripts: fc.boolean() }),
  health: fc.record({ verb: fc.constant('health'), ...requestHead, run: fc.boolean() }),
  wait: fc.record({
    verb: fc.constant('wait'),
    ...requestHead,
    role: fc.string({ minLength: 1, maxLength: 255 }),
    phase: fc.constantFrom(...phases),
    count: maybe(fc.integer({ min: 1, max: 1_000_000 })),
  }),
  status: fc.record({ verb: fc.constant('status'), ...requestHead }),
  inspect: fc.record({ verb: fc.constant('inspect'), ...requestHead }),
};

export const anyRequest = fc.oneof(...Object.values(requests));
