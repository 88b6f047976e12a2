/** The part of a command's help that shows how it is called; a test runs the lines through the parser. */
export const examples = (...lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
