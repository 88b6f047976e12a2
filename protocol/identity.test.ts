import { describe, expect, test } from '@jest/globals';
import { clusterName, id, nodeName } from './identity.ts';

const complaint = (schema: typeof nodeName, text: string): string | undefined => schema.safeParse(text).error?.issues.map((issue) => issue.message).join('; ');

describe('names of clusters and nodes', () => {
  test.each(['n', 'ip-0A1B2C3D', 'my cluster', 'a.b', 'Grüße', '日本', '__proto__'])('%j is a name', (text) => {
    expect(complaint(nodeName, text)).toBeUndefined();
    expect(complaint(clusterName, text)).toBeUndefined();
  });

  test.each([
    ['', 'the node name is empty'],
    ['a\nb', 'the node name holds a control character'],
    ['a\u009b', 'the node name holds a control character'],
    ['a\ud800', 'the node name is not valid Unicode'],
    ['日'.repeat(12), 'the node name is too long'],
    ['n'.repeat(101), 'the node name is too long'],
  ])('%j is refused by name', (text, reason) => {
    expect(complaint(nodeName, text)).toBe(reason);
  });

  test('a hundred plain characters are the most', () => {
    expect(complaint(clusterName, 'n'.repeat(100))).toBeUndefined();
  });

  test('a name far too long is refused before any costly check sees it', () => {
    expect(complaint(nodeName, '\n'.repeat(4_000_000))).toBe('the node name is too long');
  });
});

describe('ids', () => {
  test('are UUIDs in lower case and nothing else', () => {
    const text = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect(id.safeParse(text).success).toBe(true);
    for (const wrong of ['', text.toUpperCase(), `${text}\n`, ` ${text}`, text.replaceAll('-', ''), text.replace('0', 'g')]) {
      expect(id.safeParse(wrong).success).toBe(false);
    }
  });
});
