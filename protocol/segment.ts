// One word of a routing key. Dots separate words and `*` and `#` are wildcards, so everything but letters, digits, `-` and
// `_` is written as `~` and two hexadecimal digits for each byte of its UTF-8 form.

const plain = /^[A-Za-z0-9_-]+$/;

export const encodeSegment = (text: string): string => {
  if (plain.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCodePoint(byte);
    encoded += plain.test(character) ? character : `~${byte.toString(16).padStart(2, '0')}`;
  }
  return encoded;
};

/** The inverse of `encodeSegment`; undefined for anything that it cannot have produced. */
export const decodeSegment = (segment: string): string | undefined => {
  if (plain.test(segment)) return segment;
  if (!/^(?:[A-Za-z0-9_-]|~[0-9a-f]{2})+$/.test(segment)) return undefined;
  const bytes = Buffer.from(
    segment.replaceAll(/~([0-9a-f]{2})|./g, (whole, hex: string | undefined) => hex ?? Buffer.from(whole).toString('hex')),
    'hex',
  );
  const text = bytes.toString('utf8');
  return encodeSegment(text) === segment ? text : undefined;
};
