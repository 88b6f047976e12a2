// In which order the suites of the integration tier begin: those that take longest, most of it waiting, come first, so that no worker is
// left alone with one of them in the end. jest alone would go by the size of the files.
import { existsSync } from 'node:fs';
import path from 'node:path';

const longest = [
  'call-sites/by-front',
  'faults/broker-away',
  'compose/compose',
  'box',
  'identity',
  'identity/enrolling',
  'faults/broker-trouble',
  'chaos/chaos',
  'faults/wires',
  'crash/crash',
  'converge-kills',
  'broker/test-broker',
  'unruly',
  'call-sites/by-node',
  'faults/robbed',
  'faults/processes',
];

const files = longest.map((name) => path.join(import.meta.dirname, `${name}.test.ts`));
const missing = files.filter((file) => !existsSync(file));
if (missing.length > 0) throw new Error(`longest-first.mjs names suites that are not there: ${missing.join(', ')}`);

const place = (file) => (files.includes(file) ? files.indexOf(file) : files.length);

/** What jest wants of a sequencer. It remembers no run, so it does not know which suites failed: --onlyFailures runs all. */
export default class LongestFirst {
  sort(tests) {
    const sizeOf = ({ context, path: file }) => context.hasteFS.getSize(file) ?? 0;
    return tests.toSorted((one, two) => place(one.path) - place(two.path) || sizeOf(two) - sizeOf(one));
  }

  /** Each shard gets its part of the long ones and its part of the short ones. */
  shard(tests, { shardCount, shardIndex }) {
    return this.sort(tests).filter((_, index) => index % shardCount === shardIndex - 1);
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
