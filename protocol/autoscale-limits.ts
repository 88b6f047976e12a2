// Bounds on what is asked of an autoscaler, for those who read it and those who ask.

export const autoscaleLimits = {
  /** A target holds no longer than for so long, unless it is set again; milliseconds. */
  lastsMs: 5 * 60_000,
  /** Targets of one request. */
  targets: 1_000,
  /** Characters of the attributes of one target, as JSON. */
  attributes: 8_192,
  /** Characters of a name. */
  name: 255,
} as const;
