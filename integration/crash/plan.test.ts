import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { planKills, server, victims } from './plan.ts';
import { nodeStages, serverStages } from './stages.ts';

describe('the plan of a crash run', () => {
  test('is the same for the same seed, and another for another', () => {
    fc.assert(fc.property(fc.nat(), (seed) => expect(planKills(seed, 50)).toEqual(planKills(seed, 50))));
    expect(new Set(Array.from({ length: 100 }, (_, seed) => JSON.stringify(planKills(seed, 20)))).size).toBe(100);
  });

  test('begins alike for a seed, however long it is', () => {
    expect(planKills(7, 200).slice(0, 30)).toEqual(planKills(7, 30));
  });

  test('kills every program, half at a stage of its own and half at a time', () => {
    const plan = planKills(1, 200);
    expect(new Set(plan.map(({ victim }) => victim))).toEqual(new Set(victims));
    expect(plan.filter(({ moment }) => moment.type === 'stage')).toHaveLength(100);
    for (const { victim, moment } of plan) {
      if (moment.type !== 'stage') continue;
      expect(victim === server ? serverStages : nodeStages).toContain(moment.stage);
      expect(moment.nth).toBeGreaterThan(0);
    }
  });

  test('leaves out no stage in 200 kills of the first seed', () => {
    const stages = planKills(1, 200).flatMap(({ moment }) => (moment.type === 'stage' ? [moment.stage] : []));
    expect(new Set(stages)).toEqual(new Set([...nodeStages, ...serverStages]));
  });
});
