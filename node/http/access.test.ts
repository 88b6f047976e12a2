import { expect, test } from '@jest/globals';
import { httpPasswordOf, isPassword, verifierOf } from '../../protocol/enrolment-seal.ts';
import { accessLayer } from './access.ts';

const user = 'jetpack.lab.n~201';

test('a node with a user of its own has a password for HTTP, which is not that of the broker and is known by what a server keeps', () => {
  const layer = accessLayer([`amqps://${encodeURIComponent(user)}:se%2Fcret@b:5671`, 'amqps://other'], user);
  const password = httpPasswordOf('se/cret');
  expect(layer).toEqual({ cyclecloud: { config: { username: user, password } } });
  expect(password).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect([password, 'se/cret', '', `${password}=`].map((given) => isPassword(verifierOf(password), given))).toEqual([true, false, false, false]);
});

test('a node that was enrolled knows where that API is', () => {
  expect(accessLayer([`amqps://${encodeURIComponent(user)}:x@b`], user, 'http://cc:8080')).toMatchObject({ cyclecloud: { config: { web_server: 'http://cc:8080', username: user } } });
});

test.each(['amqp://guest:guest@b', 'amqp://b', `amqps://${encodeURIComponent(user)}@b`, 'amqp://jetpack.lab.n2:x@b', 'amqp://%zz:x@b', `amqp://${encodeURIComponent(user)}:%zz@b`, 'no URL'])('a node that connects by %s has none', (url) => {
  expect([accessLayer([url], user), accessLayer([], user)]).toEqual([undefined, undefined]);
});
