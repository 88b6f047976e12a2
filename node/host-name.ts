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

  /** What is told, else what the machine says. */
  nameNow(told: string | undefined): string {
    return told ?? this.#ask();
  }

  changed(name: string): void {
    this.#current = name;
  }
}
