// The version by which scripts know `jetpack`: `jetpack --version` and `cyclecloud.jetpack.version` say it.
//
// Scripts ask it which commands there are: from 8.8.0 on they set conditions, from 8.10.0 on with an action, and from 8.1 on they no
// longer register services by `send` (reference, sections 5 and 5.6). All of that is here, so the answer is the newest version whose
// commands are; this program's own version would have them do as with agents from before all that. They take it apart at the dots and the
// dash, so the build is one integer: this program's own version, 1.2.3 as 10203.
const spoken = '8.10.0';

/** Of this program's own version, whose parts are below a hundred. */
export const compatibleVersion = (own: string): string => {
  const [major = 0, minor = 0, patch = 0] = own.split(/[.+-]/).slice(0, 3).map(Number);
  return `${spoken}-${major * 10_000 + minor * 100 + patch}`;
};
