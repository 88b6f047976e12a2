// What may stand in a log line: secrets are replaced, errors become plain objects, depth and size are bounded. Applied to
// every line, whoever wrote it.
import { types } from 'node:util';
import { errorCodes } from '../protocol/errors.ts';

const censored = '[redacted]';

const secretName = /(password|passphrase|secret|token|authorization|credentials?)$/i;

/** User info in a URL, up to the last `@` before its host. It starts at the literal `://`, so that no text makes it slow. */
const userInfo = /:\/\/[^\s/?#"<>]*@/g;

const maxDepth = 6;
const maxValues = 500;
const maxText = 16_384;

/** Whether an error's code says what is wrong. Then neither its stack nor its cause's is of use to whoever reads the log. */
const saysWhatIsWrong = (error: Error): boolean => 'code' in error && errorCodes.some((code) => code === error.code && code !== 'internal');

/** Text without the user names and passwords of URLs. */
export const scrubText = (text: string): string => (text.includes('://') ? text.replace(userInfo, `://${censored}@`) : text);

/** A copy of log fields that can be written: JSON without secrets. What lies too deep or comes too late is named and left out. */
export const scrub = (fields: object): Record<string, unknown> => {
  let left = maxValues;

  const text = (value: string): string =>
    scrubText(value.length <= maxText ? value : `${value.slice(0, maxText)}[${value.length - maxText} characters more]`);

  const record = (value: object, depth: number, stacks: boolean): Record<string, unknown> => {
    const copy: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      if (left-- <= 0) return { ...copy, more: '[left out]' };
      copy[name] = secretName.test(name) ? censored : any(member, depth + 1, stacks);
    }
    return copy;
  };

  const any = (value: unknown, depth: number, stacks: boolean): unknown => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    if (depth > maxDepth || left <= 0) return '[left out]';
    if (types.isDate(value)) return value.toJSON();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return value.slice(0, Math.max(0, left)).map((item) => (left-- > 0 ? any(item, depth + 1, stacks) : '[left out]'));
    if (types.isNativeError(value)) {
      const { name, message, stack, cause } = value;
      const shown = stacks && !saysWhatIsWrong(value);
      return record(Object.assign({ name, message }, value, cause === undefined ? {} : { cause }, shown ? { stack } : {}), depth, shown);
    }
    return record(value, depth, stacks);
  };

  return record(fields, 0, true);
};
