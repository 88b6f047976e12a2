/**
 * What went wrong, in one line. Not by `instanceof`, which jest and vm realms break; and a failed connect to a name with
 * several addresses is an AggregateError whose message is empty, so its code has to do.
 */
export const reasonOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return `not an error: ${typeof error}`;
  if ('message' in error && typeof error.message === 'string' && error.message !== '') return error.message;
  return 'code' in error && typeof error.code === 'string' ? error.code : 'an error without a message';
};
