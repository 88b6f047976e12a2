// A folder locker that a test fills: projects of a few small scripts, and what those leave in the homes of nodes.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemCode } from '../../node/home/system-error.ts';
import type { SpecReference } from '../../protocol/configuration.ts';

/** Texts by the names of their files. */
export type Scripts = Readonly<Record<string, string>>;

const version = '1.0.0';

/** As a template names a spec. */
export const spec = (project: string, name: string): SpecReference => ({ project, version, spec: name });

/** Where scripts of tests write down that they ran: a line each time, in their node's home. */
const ledger = 'ran';

/** A script in bash that adds a line to the ledger, then does the rest. */
export const noting = (line: string, ...rest: readonly string[]): string =>
  ['#!/bin/bash', 'set -euo pipefail', `note() { echo "$1" >> "$JETPACK_HOME/${ledger}"; }`, `note '${line}'`, ...rest, ''].join('\n');

/** Part of a script: goes on when a file is there; ends when its node's home is gone. */
export const until = (file: string): string => `while [ ! -e '${file}' ]; do [ -d "$JETPACK_HOME" ] || exit 1; sleep 0.1; done`;

/** The lines in a node's ledger. */
export const notes = (home: string): readonly string[] => {
  try {
    return readFileSync(path.join(home, ledger), 'utf8').split('\n').filter((line) => line !== '');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
};

export class Locker {
  readonly url: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.url = pathToFileURL(folder).href;
  }

  /** Uploads a project: what was there under its name is gone. `modes`: of scripts that are not to be executable by all. */
  upload(project: string, specs: Readonly<Record<string, Scripts>>, modes: Readonly<Record<string, number>> = {}): void {
    const folder = path.join(this.#folder, 'projects', project, version);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const names = Object.keys(specs);
    const ini = ['[project]', `name = ${project}`, `version = ${version}`, ...names.map((name) => `[spec ${name}]`), ''];
    writeFileSync(path.join(folder, 'project.ini'), ini.join('\n'));
    for (const [name, scripts] of Object.entries(specs)) {
      const below = path.join(folder, 'specs', name, 'cluster-init', 'scripts');
      mkdirSync(below, { recursive: true });
      for (const [file, text] of Object.entries(scripts)) writeFileSync(path.join(below, file), text, { mode: modes[file] ?? 0o755 });
    }
  }
}

/** Puts a health check into a node's home. */
export const installCheck = (home: string, name: string, text: string): void => {
  const folder = path.join(home, 'config', 'healthcheck.d');
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  writeFileSync(path.join(folder, name), text, { mode: 0o755 });
};
