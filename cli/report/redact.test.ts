import { describe, expect, test } from '@jest/globals';
import { parseExact } from '../../commands/exact-json.ts';
import { isSecretName, redactJson, redactText } from './redact.ts';

const secret = 'hunter2-S3cret';
const key = `-----BEGIN RSA PRIVATE KEY-----\nMIIEow${secret}\nabc\n-----END RSA PRIVATE KEY-----`;

describe('a text', () => {
  test.each([
    [`connects to amqp://jetpack:${secret}@broker:5672/lab`, 'connects to amqp://***@broker:5672/lab'],
    [`connects to amqp://jetpack:a/b@${secret}@broker`, 'connects to amqp://***@broker'],
    [`git clone https://${secret}@host.example/x.git`, 'git clone https://***@host.example/x.git'],
    [`via=amqp%3A%2F%2Fu%3A${secret}%40host`, 'via=amqp%3A%2F%2F***%40host'],
    [`password=${secret} next`, 'password=*** next'],
    [`Password: "${secret} with words", user: ana`, 'Password: ***, user: ana'],
    [`db_password => '${secret}'`, 'db_password => ***'],
    [`JETPACK_TOKEN=${secret}`, 'JETPACK_TOKEN=***'],
    [`{"level":"info","apiKey":"${secret}","msg":"x"}`, '{"level":"info","apiKey":***,"msg":"x"}'],
    [`https://a.blob.example/c/x.zip?sv=2024&sig=${secret}%3D&se=2025`, 'https://a.blob.example/c/x.zip?sv=2024&sig=***'],
    [`?sas=${secret}`, '?sas=***'],
    [`Authorization: Basic ${secret}==`, 'Authorization: ***'],
    [`-H 'Authorization: Bearer ${secret}'`, "-H 'Authorization: ***'"],
    [`curl -u admin:${secret} https://host`, 'curl -u admin:*** https://host'],
    [`sent bearer ${secret}`, 'sent bearer ***'],
    [`mysql --password ${secret} -h db`, 'mysql --password *** -h db'],
    [`Set-Cookie: id=${secret}; path=/`, 'Set-Cookie: ***'],
    [`AccountKey=${secret};EndpointSuffix=core`, 'AccountKey=***'],
    [`before\n${key}\nafter`, 'before\n***\nafter'],
    [`{"pem":"-----BEGIN PRIVATE KEY-----\\n${secret}\\n-----END PRIVATE KEY-----\\n"}`, '{"pem":"***\\n"}'],
    [`before\n-----BEGIN PRIVATE KEY-----\n${secret}`, 'before\n***'],
    [`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${secret}`, '***'],
    [`password: ${secret} horse battery\nuser: ana`, 'password: ***\nuser: ana'],
    [`  admin_password:  correct ${secret}, "1} x`, '  admin_password:  ***'],
    [`{"msg":"new password: correct ${secret}","level":"info"}`, '{"msg":"new password: ***","level":"info"}'],
    [`passphrase = correct ${secret}\r\nuser = ana`, 'passphrase = ***\r\nuser = ana'],
    [`{"tries":3,"password": ${secret}, "user": "ana"}`, '{"tries":3,"password": *** "user": "ana"}'],
    [`{'password': '${secret}', 'user': 'ana'}`, "{'password': ***, 'user': 'ana'}"],
    [`<password>${secret} horse</password><user>ana</user>`, '<password>***</password><user>ana</user>'],
    [`<ns1:AdminPassword ns1:kind="plain">\n  ${secret}\n</ns1:AdminPassword>`, '<ns1:AdminPassword ns1:kind="plain">***</ns1:AdminPassword>'],
    [`<UserPassword><Value>${secret}</Value><PlainText>true</PlainText></UserPassword>`, '<UserPassword><Value>***</Value><PlainText>true</PlainText></UserPassword>'],
    [`<tokens>\n  <token>${secret}</token>\n  <token>b${secret}</token>\n</tokens>`, '<tokens>\n  <token>***</token>\n  <token>***</token>\n</tokens>'],
    [`<secret><![CDATA[a<b>${secret}]]></secret>`, '<secret>***</secret>'],
    [`<secret><![CDATA[${secret}`, '<secret>***'],
    [`wrote &lt;Password&gt;${secret}&lt;/Password&gt;`, 'wrote &lt;Password&gt;***&lt;/Password&gt;'],
    [String.raw`wrote \u003cPassword\u003e${secret}\u003c/Password\u003e`, String.raw`wrote \u003cPassword\u003e***\u003c/Password\u003e`],
    [`<add key="x" password="${secret}"/>`, '<add key="x" password=***/>'],
    [`  - admin_password: |-\n      ${secret}\n\n      b${secret}\n  - user: ana`, '  - admin_password: ***\n  - user: ana'],
    [`token: >2 # folded\r\n  ${secret}\r\nuser: ana`, 'token: ***\r\nuser: ana'],
    [`stored ${'Ab1/'.repeat(21)}Zz==`, 'stored ***'],
    [`export DB_PASS=${secret}`, 'export DB_PASS=***'],
    [`mysql -u a pass=${secret} x`, 'mysql -u a pass=*** x'],
  ])('%s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
    expect(redactText(text)).not.toContain(secret);
  });

  test.each([
    '2026-11-27 14:00:05,123 INFO phase ready: 4 scripts ran, 0 had run before',
    'GET http://169.254.169.254:80/metadata/instance?api-version=2021-02-01',
    'the key cyclecloud.node.name, routing key: events.lab.n1',
    'Added user ana',
    'PASS: the queue is up (3 of 3 pass: 12 s), bypass=on, compass_pass_through: 4',
    '<password></password> <password/> <password />text <passwords>\n  </passwords> <passed>yes</passed>',
    '/opt/cycle/jetpack/logs/jetpackd.log, 12:30:01 user@host.example',
  ])('without a secret stays as it is: %s', (text) => expect(redactText(text)).toBe(text));

  test('of which only the end is there is not given the end of a key', () => {
    expect(redactText(`MIIE${secret}\n-----END RSA PRIVATE KEY-----\nafter`, true)).toBe('***\nafter');
  });

  test.each([
    ...['a:', '://a:', '://', 'password', String.raw`password\\`, 'eyJ', '-eyJ', 'eyJaaaaaaaa-', '""', 'A', ' --a', '--password ', 'Bearer ', '%3a%2f%2f', '<', '<password', '<password>', '<password a', '<password>\n', '&lt;token '].map((part) => [part, undefined] as const),
    ['-----BEGIN PRIVATE KEY-----', '***'],
    ['password: ', 'password: ***'],
    ['<secret><![CDATA[', '<secret>***'],
  ])('of half a megabyte in which %s begins again and again comes to its end', (part, expected) => {
    const text = part.repeat(500_000 / part.length);
    expect(redactText(text) === (expected ?? text)).toBe(true);
  });
});

test('a block of YAML that is half a megabyte of empty lines comes to its end', () => {
  const lines = '\n'.repeat(500_000);
  expect(redactText(`password: |${lines}`) === `password: ***${lines}`).toBe(true);
});

describe('the name of a value', () => {
  test.each(['password', 'dbPassword', 'PASSWD', 'client_secret', 'accessToken', 'key', 'ssh-key', 'SSHKey', 'credentials', 'sas', 'sasUrl', 'sig', 'Authorization', 'passphrase', 'connectionString', 'pwd'])('%s keeps it', (name) => expect(isSecretName(name)).toBe(true));
  test.each(['public_key', 'publicKeys', 'ssh.public-key', 'name', 'passed', 'compass', 'design', 'keepalive', 'author', 'message'])('%s shows it', (name) => expect(isSecretName(name)).toBe(false));
});

test('a tree keeps its form, its numbers as written, and whether something is set', () => {
  const text = `{"user":{"name":"ana","password":"${secret}","public_key":"ssh-rsa AAAA","token":null},"keys":["${secret}"],"nested":[{"name":"api_key","value":"${secret}"},{"name":"zone","value":"1"}],"url":"https://u:${secret}@h/","ratio":1.0,"big":12345678901234567890,"apiKeySet":true,"secret":""}`;
  const parsed = parseExact(Buffer.from(text));
  const redacted = JSON.stringify(redactJson(parsed.ok ? parsed.value : null));
  expect(redacted).toBe(
    '{"user":{"name":"ana","password":"***","public_key":"ssh-rsa AAAA","token":null},"keys":"***","nested":[{"name":"api_key","value":"***"},{"name":"zone","value":"1"}],"url":"https://***@h/","ratio":1.0,"big":12345678901234567890,"apiKeySet":true,"secret":""}',
  );
});
