import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');

const lint = (file: string): { status: number | null; output: string } => {
  const run = spawnSync(path.join(root, 'node_modules/.bin/oxlint'), [file], {
    cwd: path.join(import.meta.dirname, 'fixtures'),
    encoding: 'utf8',
  });
  return { status: run.status, output: run.stdout + run.stderr };
};

describe('the linter rule for the table of rooms', () => {
  test('fails on an import from a room below', () => {
    const { status, output } = lint('protocol/reaches-down.ts');
    expect(output).toContain('protocol/ may not import from transport/, which stands below it');
    expect(status).toBe(1);
  });

  test('fails on a package that another room owns', () => {
    const { status, output } = lint('node/foreign-package.ts');
    expect(output).toContain("'amqplib' is imported by transport/amqp/ alone");
    expect(status).toBe(1);
  });
});
