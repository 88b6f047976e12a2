// `npm test`, whose arguments are jest's: the types, every unit test, and the smoke suite where a broker is at hand.
import { findBroker, type BrokerSource } from '../integration/broker/find.ts';
import { runChild } from './child.mjs';

export interface Plan {
  /** jest's projects. */
  readonly projects: readonly string[];
  /** What is not run, and why. */
  readonly leftOut: string | undefined;
  readonly refused: boolean;
}

/** Where everything must run, nothing may be left out quietly. */
export const planFor = (source: BrokerSource, ci: boolean): Plan => {
  if (source.type !== 'missing') return { projects: ['unit', 'smoke'], leftOut: undefined, refused: false };
  return { projects: ['unit'], leftOut: `the smoke suite on a real broker, for there is none: ${source.reason}`, refused: ci };
};

const main = async (args: readonly string[]): Promise<number> => {
  const { projects, leftOut, refused } = planFor(await findBroker(), process.env['CI'] === 'true');
  if (refused) {
    console.error(`npm test: CI=true allows nothing to be left out, and this would be: ${leftOut}`);
    return 1;
  }
  const types = await runChild(process.execPath, ['node_modules/typescript/bin/tsc']);
  if (types !== 0) return types;
  // jest takes everything after --selectProjects for a project.
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...args, '--selectProjects', ...projects];
  const tests = await runChild(process.execPath, jest);
  if (leftOut !== undefined) console.error(`npm test: left out ${leftOut}`);
  return tests;
};

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
