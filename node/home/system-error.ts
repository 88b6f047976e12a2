/**
 * What the system calls an error (`ENOENT`, `EACCES`), or the error's own words when it has no such name. Looks at the
 * shape, not the class, which is another one in another realm.
 */
export const systemCode = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'message' in error && typeof error.message === 'string' ? error.message : 'unknown error';
};
