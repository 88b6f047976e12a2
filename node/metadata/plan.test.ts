import { expect, test } from '@jest/globals';
import { parseMetadataPlan } from './plan.ts';

test.each([
  ['auto', 'auto'],
  ['none', 'none'],
  ['gce', [{ name: 'gce' }]],
  ['azure, ec2,nocloud', [{ name: 'azure' }, { name: 'ec2' }, { name: 'nocloud' }]],
  ['azure=http://127.0.0.1:8000,nocloud=/seed', [{ name: 'azure', place: 'http://127.0.0.1:8000' }, { name: 'nocloud', place: '/seed' }]],
  ['ec2=http://[fd00:ec2::254]', [{ name: 'ec2', place: 'http://[fd00:ec2::254]' }]],
])('%j says what is asked', (text, plan) => {
  expect(parseMetadataPlan('jetpackd', text)).toEqual({ ok: true, value: plan });
});

const names = 'azure, ec2, configdrive, openstack, gce, nocloud';

test.each([
  ['', `'' is not one of ${names}`],
  ['azure,', `'' is not one of ${names}`],
  ['auto,azure', `'auto' is not one of ${names}`],
  ['Azure', `'Azure' is not one of ${names}`],
  ['aws', `'aws' is not one of ${names}`],
  ['azure=', 'azure takes the address of a service, such as http://127.0.0.1:8000'],
  ['azure=127.0.0.1', 'azure takes the address of a service, such as http://127.0.0.1:8000'],
  ['azure=https://127.0.0.1', 'azure takes the address of a service, such as http://127.0.0.1:8000'],
  ['azure=http://u:s3cret@127.0.0.1', 'azure takes the address of a service, such as http://127.0.0.1:8000'],
  ['azure=http://127.0.0.1/metadata', 'azure takes the address of a service, such as http://127.0.0.1:8000'],
  ['nocloud=seed', 'nocloud takes an absolute path of a folder'],
])('%j is one line that says what would be right', (text, line) => {
  expect(parseMetadataPlan('jetpackd', text)).toEqual({ ok: false, error: { code: 'usage', message: `jetpackd: --metadata: ${line}` } });
});
