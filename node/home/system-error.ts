/** What the system calls an error (`ENOENT`, `EACCES`), or its own words when it has no such name. */
export const systemCode = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};
