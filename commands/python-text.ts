// Values as Python 3 prints them: what scripts compare, lower-case and cut up (reference, section 5.1).
import { isNumberText, isTree, type ExactJson } from './exact-json.ts';

/** `float.__repr__`: the shortest digits that tell it apart, with an exponent below 1e-4 and from 1e16 on. */
const floatText = (value: number): string => {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const rest = digits.length === 1 ? '' : `.${digits.slice(1)}`;
    return `${sign}${digits.slice(0, 1)}${rest}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
};

/** A number written without point and exponent is an int, which Python keeps exactly; there is no -0 among them. */
const numberText = (source: string): string => {
  if (!/^-?\d+$/.test(source)) return floatText(Number(source));
  return source === '-0' ? '0' : source;
};

const plainNumberText = (value: number): string => (Number.isInteger(value) ? BigInt(value).toString() : floatText(value));

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** Python prints all but "other" and "separator" characters (str.isprintable), and of those the space. */
const unprintable = /[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

const escape = (character: string): string => {
  const name = named[character];
  if (name !== undefined) return name;
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
};

const quoted = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(unprintable, escape);
  return quote + (quote === "'" ? escaped.replaceAll("'", String.raw`\'`) : escaped) + quote;
};

/** `repr(value)`. */
export const pythonRepr = (value: ExactJson): string => {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return plainNumberText(value);
  if (isNumberText(value)) return numberText(value.rawJSON);
  if (!isTree(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  const members = Object.entries(value).map(([name, member]) => `${quoted(name)}: ${pythonRepr(member)}`);
  return `{${members.join(', ')}}`;
};

/** `str(value)`: as `repr`, but text as it is. */
export const pythonText = (value: ExactJson): string => (typeof value === 'string' ? value : pythonRepr(value));
