import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { screenOn, type Output } from './screen.ts';

/** What a terminal of this width shows: it obeys the sequences that the screen uses and wraps what is too long. */
class FakeTerminal implements Output {
  width: number | undefined;
  /** Every line ever written to it, wrapped as it was at its time. */
  rows: string[] = [''];
  written = 0;

  constructor(width: number | undefined) {
    this.width = width;
  }

  readonly columns = (): number | undefined => this.width;

  readonly write = (text: string): void => {
    this.written += 1;
    // oxlint-disable-next-line no-control-regex
    for (const [piece, count] of text.matchAll(/\u001b\[(\d*)[AJm]|[^]/gu)) {
      if (piece.endsWith('A') && piece.startsWith('\u001b')) this.rows = [...this.rows.slice(0, this.rows.length - 1 - Number(count)), ''];
      else if (piece.startsWith('\u001b') || piece === '\r') continue;
      else if (piece === '\n') this.rows.push('');
      else this.#put(piece);
    }
  };

  /** As terminals do that keep text together: what no longer fits is wrapped anew. */
  resize(width: number): void {
    this.width = width;
    this.rows = this.rows.flatMap((row) => (row === '' ? [''] : (row.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [])));
  }

  get shown(): readonly string[] {
    return this.rows.at(-1) === '' ? this.rows.slice(0, -1) : this.rows;
  }

  #put(character: string): void {
    const last = this.rows.at(-1) ?? '';
    if (last.length >= (this.width ?? Infinity)) this.rows.push(character);
    else this.rows[this.rows.length - 1] = last + character;
  }
}

const clock = new ManualClock();

describe('on a terminal', () => {
  test('lines scroll above the footer, which stands once, at the bottom', () => {
    const terminal = new FakeTerminal(40);
    const screen = screenOn(terminal, clock);
    screen.print('one');
    screen.footer(['', 'roster'], '');
    screen.print('two');
    screen.footer(['', 'roster, later'], '');
    screen.print('three');
    expect(terminal.shown).toEqual(['one', 'two', 'three', '', 'roster, later']);
  });

  test('a printed line that wraps loses nothing and leaves no trace of the footer', () => {
    const terminal = new FakeTerminal(20);
    const screen = screenOn(terminal, clock);
    screen.footer(['roster'], '');
    screen.print('0123456789'.repeat(5));
    screen.print('next');
    expect(terminal.shown).toEqual(['01234567890123456789', '01234567890123456789', '0123456789', 'next', 'roster']);
  });

  test('a footer wider than the terminal is cut, colours ended, so that it takes one row a line', () => {
    const terminal = new FakeTerminal(20);
    const screen = screenOn(terminal, clock);
    screen.footer([`\u001b[32m${'x'.repeat(50)}\u001b[0m`, 'y'.repeat(19)], '');
    screen.footer(['short', 'y'.repeat(50)], '');
    expect(terminal.shown).toEqual(['short', 'y'.repeat(19)]);
  });

  test('a terminal made narrower is left without remains of the wider footer', () => {
    const terminal = new FakeTerminal(60);
    const screen = screenOn(terminal, clock);
    screen.print('event');
    screen.footer(['', 'x'.repeat(50)], '');
    terminal.resize(25);
    screen.footer(['', 'z'.repeat(50)], '');
    expect(terminal.shown).toEqual(['event', '', 'z'.repeat(24)]);
  });

  test('a footer that says the same is not drawn again', () => {
    const terminal = new FakeTerminal(40);
    const screen = screenOn(terminal, clock);
    screen.footer(['roster'], '');
    const { written } = terminal;
    screen.footer(['roster'], '');
    expect(terminal.written).toBe(written);
  });

  test('in the end the footer is gone and lines go on below', () => {
    const terminal = new FakeTerminal(40);
    const screen = screenOn(terminal, clock);
    screen.print('event');
    screen.footer(['', 'roster'], '');
    screen.release();
    screen.print('summary');
    expect(terminal.shown).toEqual(['event', 'summary']);
  });
});

describe('where nothing can be redrawn', () => {
  const start = () => {
    const clock = new ManualClock();
    const output = new FakeTerminal(undefined);
    return { clock, output, screen: screenOn(output, clock) };
  };

  test('the footer is printed when it has stayed the same for a second, and not again until it says something else', async () => {
    const { clock, output, screen } = start();
    screen.footer(['a starting'], 'starting');
    screen.print('event');
    await clock.advance(900);
    screen.footer(['a ready, 0 s ago'], 'ready');
    await clock.advance(900);
    screen.footer(['a ready, 1 s ago'], 'ready');
    expect(output.shown).toEqual(['event']);
    await clock.advance(100);
    screen.footer(['a ready, 1 s ago'], 'ready');
    await clock.advance(5_000);
    screen.footer(['a ready, 6 s ago'], 'ready');
    expect(output.shown).toEqual(['event', 'a ready, 1 s ago']);
  });

  test('one that went and came back within a second is not repeated', async () => {
    const { clock, output, screen } = start();
    for (const key of ['ready', 'silent', 'ready']) {
      screen.footer([key], key);
      await clock.advance(key === 'silent' ? 500 : 1_000);
      screen.footer([key], key);
    }
    expect(output.shown).toEqual(['ready']);
  });

  test('no sequence for a terminal is ever written', async () => {
    const { clock, output, screen } = start();
    screen.print('x'.repeat(500));
    screen.footer(['roster'], 'key');
    await clock.advance(1_000);
    screen.footer(['roster'], 'key');
    screen.release();
    expect(output.rows).toEqual(['x'.repeat(500), 'roster', '']);
  });
});
