// What the compiler must refuse. An `@ts-expect-error` over a line that compiles is itself an error, so `npm run check` fails
// when a hole opens here.
import { afterAll, describe, expect, test } from '@jest/globals';
import type { ActorContext, ActorDefinition } from './definition.ts';
import type { ActorRef, Reply } from './ref.ts';
import { createWorld } from './testing/world.ts';

interface Deposit {
  readonly type: 'deposit';
  readonly amount: number;
}

interface Balance {
  readonly type: 'balance?';
  readonly reply: Reply<number>;
}

type Account = Deposit | Balance;

interface Greeting {
  readonly type: 'greet';
  readonly name: string;
}

const { system } = createWorld();

afterAll(() => system.stop());

const account: ActorRef<Account> = system.ref('bank/account');
const greeter: ActorRef<Greeting> = system.ref('bank/greeter');

describe('the types of refs', () => {
  test('a ref of one message type is not a ref of another', () => {
    // @ts-expect-error an account cannot be greeted
    const wrong: ActorRef<Greeting> = account;
    // @ts-expect-error a greeter has no balance
    const alsoWrong: ActorRef<Account> = greeter;
    expect([wrong.path, alsoWrong.path]).toEqual(['bank/account', 'bank/greeter']);
  });

  test('a ref that takes more serves where less is sent, never the other way', () => {
    const deposits: ActorRef<Deposit> = account;
    // @ts-expect-error an actor that takes deposits alone would be asked for a balance
    const accounts: ActorRef<Account> = deposits;
    expect(accounts).toBe(account);
  });

  test('only messages of its type can be told to an actor', () => {
    system.tell(account, { type: 'deposit', amount: 1 });
    // @ts-expect-error no such message
    system.tell(account, { type: 'withdraw', amount: 1 });
    // @ts-expect-error the amount is a number
    system.tell(account, { type: 'deposit', amount: '1' });
    // @ts-expect-error a greeting is no message of an account
    system.tell(account, { type: 'greet', name: 'Ada' });
    expect(system.inspect().length).toBeGreaterThan(0);
  });

  test('an answer has the type that the question says, and a failure is a value that must be looked at', async () => {
    const account: ActorRef<Account> = system.ref('bank/savings');
    system.spawn(
      'bank/savings',
      {
        name: 'savings',
        start: () => 0,
        receive: (sum: number, message: Account) => {
          if (message.type === 'deposit') return sum + message.amount;
          // @ts-expect-error the balance is a number
          message.reply('much');
          return sum;
        },
      },
      { shutdownMs: 1_000, onCrash: () => 'end' },
    );
    const asked = await system.ask(account, (reply: Reply<number>) => ({ type: 'balance?', reply }) as const, { timeoutMs: 1_000 });
    // @ts-expect-error it may have failed
    const unchecked: unknown = asked.value;
    if (!asked.ok) throw new Error(asked.error.message);
    // @ts-expect-error the balance is a number
    const text: string = asked.value;
    expect(text).toBe(unchecked);
    // @ts-expect-error an account answers with a number, so a reply that takes text cannot be handed to it
    void system.ask(account, (reply: Reply<string>) => ({ type: 'balance?', reply }) as const, { timeoutMs: 1_000 });
  });

  test('a handler can give itself only messages of its own type', () => {
    const use = (context: ActorContext<Account>): void => {
      context.later(0, { type: 'deposit', amount: 1 });
      // @ts-expect-error a greeting is no message of an account
      context.later(0, { type: 'greet', name: 'Ada' });
      context.pipeToSelf(Promise.resolve(1), (amount) => ({ type: 'deposit', amount }), () => ({ type: 'deposit', amount: 0 }));
      // @ts-expect-error what the promise gives is a number
      context.pipeToSelf(Promise.resolve(1), (name: string) => ({ type: 'deposit', amount: name.length }), () => ({ type: 'deposit', amount: 0 }));
    };
    expect(use).toBeInstanceOf(Function);
  });

  test('a definition gives back the state it was given', () => {
    const definition: ActorDefinition<number, Account> = {
      name: 'account',
      start: () => 0,
      // @ts-expect-error the state is a number
      receive: (sum) => `${sum}`,
    };
    expect(definition.name).toBe('account');
  });
});
