// How many restarts a supervisor stands before it gives up: OTP's intensity and period (supervisor behaviour, "Maximum
// Restart Intensity"). More than `restarts` within `withinMs` is a sustained failure, and no longer a burst.

export interface Intensity {
  readonly restarts: number;
  readonly withinMs: number;
}

export class RestartIntensity {
  readonly #intensity: Intensity;
  /** When the restarts happened that still count, oldest first; never more than the intensity allows. */
  #recent: readonly number[] = [];

  constructor(intensity: Intensity) {
    this.#intensity = intensity;
  }

  /** Counts a restart at `now`, monotonic milliseconds. After `exceeded` nothing is counted: the window is the giver-up's. */
  record(now: number): 'allowed' | 'exceeded' {
    const { restarts, withinMs } = this.#intensity;
    const recent = this.#recent.filter((at) => now - at <= withinMs);
    if (recent.length >= restarts) return 'exceeded';
    this.#recent = [...recent, now];
    return 'allowed';
  }
}
