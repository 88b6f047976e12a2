import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Mailbox } from './mailbox.ts';

type Command = { readonly type: 'push'; readonly item: number } | { readonly type: 'shift' } | { readonly type: 'take'; readonly divisor: number };

const commands = fc.array(
  fc.oneof<fc.WeightedArbitrary<Command>[]>(
    { weight: 5, arbitrary: fc.record({ type: fc.constant('push' as const), item: fc.nat() }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('shift' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('take' as const), divisor: fc.integer({ min: 1, max: 5 }) }) },
  ),
  { maxLength: 200 },
);

const onMailbox = (mailbox: Mailbox<number>, command: Command): unknown => {
  if (command.type === 'push') return mailbox.push(command.item);
  if (command.type === 'shift') return mailbox.shift();
  return mailbox.take((item) => item % command.divisor === 0);
};

const onModel = (model: number[], command: Command): unknown => {
  if (command.type === 'push') return void model.push(command.item);
  if (command.type === 'shift') return model.shift();
  const { divisor } = command;
  const taken = model.filter((item) => item % divisor === 0);
  model.splice(0, model.length, ...model.filter((item) => item % divisor !== 0));
  return taken;
};

describe('a mailbox', () => {
  test('gives back what it was given, first in, first out, whatever is added, taken and taken out in between', () => {
    fc.assert(
      fc.property(commands, (run) => {
        const mailbox = new Mailbox<number>();
        const model: number[] = [];
        for (const command of run) {
          expect(onMailbox(mailbox, command)).toEqual(onModel(model, command));
          expect(mailbox.size).toBe(model.length);
        }
        expect(mailbox.take(() => true)).toEqual(model);
      }),
    );
  });

  test('keeps a hundred thousand in order', () => {
    const mailbox = new Mailbox<number>();
    const all = Array.from({ length: 100_000 }, (_, index) => index);
    for (const item of all) mailbox.push(item);
    expect(all.map(() => mailbox.shift())).toEqual(all);
    expect(mailbox.shift()).toBeUndefined();
  });
});
