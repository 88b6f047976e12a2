import { describe, expect, test } from '@jest/globals';
import { parseBrokerUrl } from './address.ts';

describe('the URL of the broker', () => {
  test.each([
    ['amqp://10.0.0.4', { protocol: 'amqp', hostname: '10.0.0.4', port: 5672, username: 'guest', password: 'guest', vhost: '' }],
    ['amqps://h', { protocol: 'amqps', hostname: 'h', port: 5671, username: 'guest', password: 'guest', vhost: '' }],
    ['amqp://u:p%40ss%2F@h:1234/%2Fown', { protocol: 'amqp', hostname: 'h', port: 1234, username: 'u', password: 'p@ss/', vhost: '%2Fown' }],
    ['amqp://u@[::1]:5672/v', { protocol: 'amqp', hostname: '::1', port: 5672, username: 'u', password: '', vhost: 'v' }],
  ])('%s is taken apart', (url, connect) => {
    expect(parseBrokerUrl(url)).toMatchObject({ ok: true, value: { connect } });
  });

  test('what is shown of it names host and virtual host, and neither user nor password', () => {
    expect(parseBrokerUrl('amqp://user:s3cret@h:5673/%2Fown')).toMatchObject({ value: { shown: 'amqp://h:5673/%2Fown' } });
    expect(parseBrokerUrl('amqp://user:s3cret@h')).toMatchObject({ value: { shown: 'amqp://h/' } });
  });

  test.each(['', 'h:5672', 'http://user:s3cret@h', 'amqp://', 'amqp://user:s3cret@', 'amqp://user:s3cret%@h', 'amqp://h/%zz', 'amqp://h/?token=s3cret', 'amqp://user:s3#cret@h', 'amqp://user:p/s3cret?x@h', 'amqp://user:42/s3cret@h/v'])(
    'an unusable one is refused without being repeated: %p',
    (url) => {
      const parsed = parseBrokerUrl(url);
      expect(parsed).toMatchObject({ ok: false, error: { code: 'config_invalid' } });
      expect(JSON.stringify(parsed)).not.toContain('s3cret');
    },
  );
});
