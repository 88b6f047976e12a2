import { readFileSync } from 'node:fs';

/**
 * The version as callers take it apart: dotted integers, a dash, a build number (reference, section 5). A build from
 * these sources is number 0.
 */
export const programVersion = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0.0.0';
  return `${version}-0`;
};
