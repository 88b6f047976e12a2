import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeOut } from './write-out.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'write-out-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('text goes to the descriptor as UTF-8', () => {
  const file = path.join(folder, 'out');
  const descriptor = openSync(file, 'w');
  writeOut(descriptor, 'grün\n');
  writeOut(descriptor, '');
  closeSync(descriptor);
  expect(readFileSync(file, 'utf8')).toBe('grün\n');
});

test('what takes nothing is told from what nobody reads, and neither is thrown', () => {
  const file = openSync(path.join(folder, 'out'), constants.O_CREAT | constants.O_RDONLY);
  const full = openSync('/dev/full', 'w');
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(pipe, 'w');
  expect(writeOut(writer, 'text')).toBe('written');
  closeSync(reader);
  expect([file, full, writer].map((descriptor) => writeOut(descriptor, 'text'))).toEqual(['failed', 'failed', 'gone']);
  for (const descriptor of [file, full, writer]) closeSync(descriptor);
});

const moduleFile = fileURLToPath(new URL('write-out.ts', import.meta.url));

test('a pipe that does not wait, with a slow reader, still gets all of it in order', async () => {
  const text = Array.from({ length: 50_000 }, (_, index) => `line ${index}`).join('\n');
  const program = `import { writeOut } from ${JSON.stringify(moduleFile)};
    const text = Array.from({ length: 50_000 }, (_, index) => 'line ' + index).join('\\n');
    writeOut(1, text.slice(0, 300_000));
    writeOut(1, text.slice(300_000));
    process.exit(0);`;
  // Reads only when the pipe, which does not wait, is full.
  const python = `import fcntl, os, struct, subprocess, sys, termios, time
r, w = os.pipe()
os.set_blocking(w, False)
child = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(w)
while struct.unpack('i', fcntl.ioctl(r, termios.FIONREAD, b'0000'))[0] < 65536 and child.poll() is None: time.sleep(0.005)
while True:
    got = os.read(r, 4096)
    if not got: break
    sys.stdout.buffer.write(got)
sys.exit(child.wait())`;
  const child = spawn('python3', ['-c', python, process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  expect(Buffer.concat(pieces).toString()).toBe(text);
});
