// What the view of a box has printed of its nodes' events.

/** What one node told, or all of them, in order: the message of each line. */
export const told = (output: string, node = '\\S+'): readonly string[] =>
  [...output.matchAll(new RegExp(`^\\d\\d:\\d\\d:\\d\\d  ${node} +[A-Z]+ +(.*)$`, 'gm'))].map(([, message = '']) => message);
