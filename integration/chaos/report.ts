// What a chaos run says in the end.
import { faultLine, verdictFaults } from '../crash/report.ts';
import type { ChaosReport } from './run.ts';

/** A line for each thing that is wrong; none when all is well. A user's message may come again, with its id: it is delivered at least once. */
export const faults = ({ commands, flaws, sends, verdict }: ChaosReport): readonly string[] => [
  ...verdictFaults('messages', verdict, verdict.doubled),
  ...verdictFaults('user messages', { ...sends, misplaced: [] }, []),
  ...faultLine('commands not done', commands.missing),
  ...faultLine('commands told in two ways', commands.contradicted),
  ...flaws,
];

export const reportLines = ({ commands, faults: struck, logs, seconds, sends, verdict }: ChaosReport): readonly string[] => {
  const told = (outcome: string): number => logs.filter((attempt) => attempt.told === outcome).length;
  return [
    `struck by ${[...struck].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([fault, count]) => `${fault} ${count}`).join(', ')}`,
    `told accepted ${told('accepted')}, spooled ${told('spooled')}, refused ${told('refused')}`,
    `commands given ${commands.given}, not done by a node ${commands.missing.length}, told in two ways ${commands.contradicted.length}`,
    `user messages: accepted ${sends.accepted} delivered ${sends.stored} lost ${sends.lost.length}, ${sends.doubled.length} of them more than once`,
    `took ${seconds.toFixed(0)} s`,
    `accepted ${verdict.accepted} stored ${verdict.stored} lost ${verdict.lost.length} doubled ${verdict.doubled.length} out of order ${verdict.misplaced.length}`,
  ];
};
