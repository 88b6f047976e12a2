// What the machine is called. It keeps its name from the start of the daemon until somebody says that it has another one: a
// host is renamed in steps, and only whoever does it knows when it is done.

export class HostName {
  readonly #ask: () => string;
  #current: string;

  /** `ask`: what the machine says now. */
  constructor(atStart: string, ask: () => string) {
    this.#current = atStart;
    this.#ask = ask;
  }

  get current(): string {
    return this.#current;
  }

  /** It has changed: to what is told, else to what the machine says. */
  changed(told: string | undefined): string {
    this.#current = told ?? this.#ask();
    return this.#current;
  }
}
