// Regular expressions for the broker, which are Perl's: for names that we wrote, JavaScript's read the same.

/** The text as an expression that matches it and nothing else, wherever it stands in a larger one. */
export const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

/** Matches these texts whole. */
export const exactly = (...texts: readonly string[]): string => {
  const [first = '', ...others] = texts.map(literal);
  return others.length === 0 ? `^${first}$` : `^(?:${[first, ...others].join('|')})$`;
};
