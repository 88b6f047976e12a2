// The promises of port.ts as one suite. Every adapter passes it unchanged: a test that has to know which adapter it runs
// on does not belong here.
import { afterEach, beforeEach, describe, jest } from '@jest/globals';
import { contentContract } from './content.ts';
import { lifecycleContract } from './lifecycle.ts';
import { publishingContract } from './publishing.ts';
import { routingContract } from './routing.ts';
import { settlementContract } from './settlement.ts';
import { waitingContract } from './waiting.ts';
import type { Harness, World } from './world.ts';

/** Longer than `until` is patient, so that what was waited for is told. */
const testMs = 30_000;

export const describeTransportContract = (name: string, harness: Harness): void => {
  jest.setTimeout(testMs);
  describe(`the transport contract, kept by ${name}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await harness.world();
    });
    afterEach(() => world.dispose());
    const here = (): World => world;

    describe('routing', () => {
      routingContract(here);
    });
    describe('content', () => {
      contentContract(here);
    });
    describe('messages that wait', () => {
      waitingContract(here);
    });
    describe('settlement', () => {
      settlementContract(here);
    });
    describe('publishing', () => {
      publishingContract(here);
    });
    describe('a life from connect to close', () => {
      lifecycleContract(here);
    });
  });
};
