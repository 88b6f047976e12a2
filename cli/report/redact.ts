// Takes secrets out of what leaves a node. It knows them by the names they stand under and by their looks; in doubt it takes more
// than it must. A secret in the middle of a sentence, under no name, it cannot know. What is searched may be megabytes of anything:
// no pattern looks at a place of the text again and again, without a bound.
import { isNumberText, isTree, type ExactJson } from '../../commands/exact-json.ts';

const mark = '***';

const keyBlock = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g;
const endOfKey = /^[\s\S]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;

/** Headers of HTTP, whose values have spaces. */
const header = /\b((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,4}:\s{0,4})(?!["'])[^\r\n"']+/gi;
const scheme = /\b(Bearer|Basic|SharedKey|SharedAccessSignature|Negotiate)\s+[\w+/=.~:%&-]{8,}/gi;
/** User and password of an address, as it is and in a query; a password may have slashes in it. */
const userInfo = /:\/\/[^\s"'<>/?#@\\:]{0,512}(?:@|:[^\s"'<>]{0,512}@)/g;
const encodedUserInfo = /(%3a%2f%2f)[^\s"'<>&]{0,512}?%40/gi;
const webToken = /\beyJ[\w-]{8,2048}\.[\w-]{4,}\.[\w-]*/g;
/** As a storage account has them: 64 bytes. */
const storageKey = /[A-Za-z0-9+/]{86}==/g;

const names = String.raw`(?:passw(?:or)?ds?|(?<=\w[_-])pass(?![\w-])|\bpass(?==)|passphrase|pwd|secrets?|tokens?|credentials?|authori[sz]ation|connection[_-]?string|signature|(?:api|access|account|private|shared|storage|signing|encryption|master|client)[_-]?keys?|\bsas|\bsig)`;
/** A value with a space before it, without quotes: to the end of its line, or of the quoted text that it stands in. */
const restOfLine = new RegExp(String.raw`(${names}[\w.-]{0,64}[ \t]{0,4}(?:=>|[:=])[ \t]{1,16})(?!\\*["'\s]|\*{3})(?:(?!\\*["'](?:[,}\])]|[ \t]{0,4}$))[^\r\n])+`, 'gim');

/** A block of YAML, whose lines stand further in than its key. */
const block = new RegExp(String.raw`^([ \t]{0,64})((?:-[ \t]{1,8}){0,8}["']?[\w.-]{0,64}?${names}[\w.-]{0,64}["']?[ \t]{0,4}:[ \t]{1,16})[|>][-+\d]{0,2}[ \t]{0,16}(?:#[^\r\n]*)?(?:(?:\r?\n[ \t]{0,64})*\r?\n\1[ \t][^\r\n]*)+`, 'gim');

/** Of XML, also as it is written within other formats. */
const [opens, closes] = [String.raw`(?:<|&lt;|\\u003c)`, String.raw`(?:>|&gt;|\\u003e)`];
const attributes = String.raw`(?:\s(?:(?!${opens}|${closes})[\s\S]){0,1024})?(?<!/)${closes}`;
const cdata = String.raw`\s{0,64}${opens}!\[CDATA\[(?:(?!\]\]${closes})[\s\S])*(?:\]\]${closes})?`;
/** To the next tag when that ends an element; a name in brackets may be one of usage, after which only the line counts. */
const content = String.raw`(?:(?!${opens})[\s\S]){1,16384}(?=${opens}/)|(?:(?!${opens})[^\r\n])+`;
/** Its text may stand in an element of its own. */
const element = new RegExp(
  String.raw`(${opens}(?:[\w.-]{1,64}:)?[\w.-]{0,64}?${names}[\w.-]{0,64}${attributes}(?:\s*${opens}[\w:.-]{1,128}${attributes})?)(${cdata}|${content})`,
  'gi',
);

/** Quoted, also within a text that is quoted itself, or up to the next space. */
const values = String.raw`(?:\\*"(?:[^"\\\r\n]|\\.)*"?|'[^'\r\n]*'?|[^\s"'<>,}\]][^\s"'<>]*)`;
const assignment = new RegExp(String.raw`(${names}[\w.-]{0,64}\\*["']?\s{0,4}(?:=>|[:=]|%3d)\s{0,4})${values}`, 'gi');
const option = /((?:^|\s)--?[\w-]{0,40}?(?:passw(?:or)?d|passphrase|token|secret|credential|key)[\w-]{0,40}[ \t]+)(?!-)(?:"[^"\r\n]*"|'[^'\r\n]*'|[^\s"']+)/gi;
const userOption = /(\s(?:-u|--user|--proxy-user)[ \t]+["']?[^\s:"']{1,255}:)[^\s"']+/g;

/** `cut`: the text is the end of a longer one, and a key may have begun before it. */
export const redactText = (text: string, cut = false): string => {
  const whole = text.replaceAll(keyBlock, mark);
  return (cut ? whole.replace(endOfKey, mark) : whole)
    .replaceAll(block, `$1$2${mark}`)
    .replaceAll(header, `$1$2${mark}`)
    .replaceAll(element, (whole: string, tags: string, text: string) => (text.trim() === '' ? whole : `${tags}${mark}`))
    .replaceAll(scheme, `$1 ${mark}`)
    .replaceAll(userInfo, `://${mark}@`)
    .replaceAll(encodedUserInfo, `$1${mark}%40`)
    .replaceAll(restOfLine, `$1${mark}`)
    .replaceAll(assignment, `$1${mark}`)
    .replaceAll(option, `$1${mark}`)
    .replaceAll(userOption, `$1${mark}`)
    .replaceAll(webToken, mark)
    .replaceAll(storageKey, mark);
};

const publicName = /public[_\s.-]?keys?$/i;
const secretPart = /passw|passphrase|secret|token|credential|authori[sz]ation|cookie|signature|connection[_-]?string|key/i;
const secretWord: ReadonlySet<string> = new Set(['pwd', 'pass', 'sas', 'sig', 'pin']);

const wordsOf = (name: string): readonly string[] => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z0-9]+/);

/** Whether what stands under this name is nobody's business. */
export const isSecretName = (name: string): boolean => !publicName.test(name) && (secretPart.test(name) || wordsOf(name).some((word) => secretWord.has(word)));

/** Whether something is set may be known. */
const hidden = (value: ExactJson): ExactJson => (value === null || value === '' || typeof value === 'boolean' ? value : mark);

/** A pair such as `{ "name": "password", "value": "…" }`. */
const namesSecret = (members: ReadonlyArray<readonly [string, ExactJson]>): boolean =>
  members.some(([name, value]) => /^(?:name|key|id)$/i.test(name) && typeof value === 'string' && isSecretName(value));

export const redactJson = (value: ExactJson): ExactJson => {
  if (typeof value === 'string') return redactText(value);
  if (isNumberText(value)) return value;
  if (Array.isArray(value)) return value.map((element: ExactJson) => redactJson(element));
  if (!isTree(value)) return value;
  const members = Object.entries(value);
  const pair = namesSecret(members);
  const redacted = ([name, member]: readonly [string, ExactJson]): readonly [string, ExactJson] => {
    // Of a pair the name itself is no secret.
    if (pair && /^(?:name|key|id)$/i.test(name)) return [name, member];
    return [name, isSecretName(name) || (pair && /^value$/i.test(name)) ? hidden(member) : redactJson(member)];
  };
  return Object.fromEntries(members.map(redacted));
};
