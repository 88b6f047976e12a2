import { expect, test } from '@jest/globals';
import { StatusStream } from './status-stream.ts';

const connecting = { type: 'connecting', attempt: 1 } as const;
const connected = { type: 'connected', broker: 'test', product: 'test' } as const;
const disconnected = { type: 'disconnected', code: 'broker_unreachable', reason: 'cut', retryInMs: 1 } as const;
const failed = { type: 'failed', code: 'broker_credentials', reason: 'refused' } as const;

test('the state follows the statuses', () => {
  const stream = new StatusStream();
  const states = [
    connecting,
    connected,
    { type: 'blocked', reason: 'memory' } as const,
    { type: 'consumerLost', queue: 'q', code: 'transport_closed', reason: 'lost' } as const,
    { type: 'unblocked' } as const,
    { type: 'handlerFailed', queue: 'q', reason: 'x' } as const,
    disconnected,
    failed,
    { type: 'closed' } as const,
  ].map((status) => {
    stream.emit(status);
    return stream.state;
  });
  expect(states).toEqual(['connecting', 'connected', 'blocked', 'blocked', 'connected', 'connected', 'connecting', 'failed', 'closed']);
});

test('a status that a listener causes is told to every listener after the one that caused it', () => {
  const stream = new StatusStream();
  const heard: string[] = [];
  stream.listen(({ type }) => {
    if (type === 'connected') stream.emit(disconnected);
  });
  stream.listen(({ type }) => void heard.push(type));
  stream.emit(connected);
  expect(heard).toEqual(['connected', 'disconnected']);
});

test('one listener subscribed twice hears twice, and leaves once at a time', () => {
  const stream = new StatusStream();
  const heard: string[] = [];
  const hear = ({ type }: { readonly type: string }): void => void heard.push(type);
  const leave = stream.listen(hear);
  stream.listen(hear);
  stream.emit(connecting);
  leave();
  stream.emit(connected);
  expect(heard).toEqual(['connecting', 'connecting', 'connected']);
});

test('after `closed` nothing is told', () => {
  const stream = new StatusStream();
  const heard: string[] = [];
  stream.listen(({ type }) => void heard.push(type));
  stream.emit({ type: 'closed' });
  stream.emit(connected);
  expect([heard, stream.state]).toEqual([['closed'], 'closed']);
});
