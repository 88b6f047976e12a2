/**
 * Runs `make` with this umask, so that what it creates is private from its first instant rather than tightened later.
 * `make` must be synchronous: the umask belongs to the whole process, and no other JavaScript may run under it.
 */
export const withUmask = <T>(mask: number, make: () => T): T => {
  const before = process.umask(mask);
  try {
    return make();
  } finally {
    process.umask(before);
  }
};
