// What a crash run says in the end.
import type { CrashReport } from './run.ts';
import type { Verdict } from './judge.ts';
import { nodeStages, serverStages, type Stage } from './stages.ts';

/** Messages named of each fault. */
const named = 5;

/** One line that names a few of the messages; none without any. */
export const faultLine = (fault: string, messages: readonly string[]): readonly string[] => {
  if (messages.length === 0) return [];
  const rest = messages.length > named ? `, and ${messages.length - named} more` : '';
  return [`${fault}: ${messages.slice(0, named).join(', ')}${rest}`];
};

export const verdictFaults = (of: string, { lost, misplaced, unknown }: Verdict, doubled: readonly string[]): readonly string[] => [
  ...faultLine(`${of} lost`, lost),
  ...faultLine(`${of} doubled`, doubled),
  ...faultLine(`${of} out of order`, misplaced),
  ...faultLine(`${of} that nobody sent`, unknown),
];

/** A line a fault; none when all is well. A user's message may come again, with its id: it is delivered at least once. */
export const faults = ({ flaws, verdict, sends }: CrashReport): readonly string[] => [
  ...verdictFaults('messages', verdict, verdict.doubled),
  ...verdictFaults('user messages', sends, []),
  ...faultLine('events that are wrong', flaws),
];

export const reportLines = ({ deaths, logs, verdict, sends, seconds }: CrashReport): readonly string[] => {
  const count = (death: Stage | 'starting' | 'serving'): number => deaths.get(death) ?? 0;
  const atStages = (stages: readonly Stage[]): string => stages.map((stage) => `${stage} ${count(stage)}`).join(', ');
  const told = (outcome: string): number => logs.filter((attempt) => attempt.told === outcome).length;
  return [
    `killed while starting ${count('starting')}, at any time ${count('serving')}, and at a stage`,
    `  of jetpackd: ${atStages(nodeStages)}`,
    `  of cycle-server: ${atStages(serverStages)}`,
    `told accepted ${told('accepted')}, spooled ${told('spooled')}, refused ${told('refused')}`,
    `user messages: accepted ${sends.accepted} delivered ${sends.stored} lost ${sends.lost.length}, ${sends.doubled.length} of them more than once`,
    `took ${seconds.toFixed(0)} s`,
    `accepted ${verdict.accepted} stored ${verdict.stored} lost ${verdict.lost.length} doubled ${verdict.doubled.length} out of order ${verdict.misplaced.length}`,
  ];
};
