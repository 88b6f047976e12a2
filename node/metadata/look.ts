// Looking into what a cloud answered, whose form nobody vouches for.
import { isNumberText, isTree, type ExactJson, type ExactTree } from '../../commands/exact-json.ts';

type Step = string | number;

/** What stands at a path; undefined where it leads nowhere. */
const at = (json: ExactJson | undefined, ...path: readonly Step[]): ExactJson | undefined =>
  path.reduce<ExactJson | undefined>((inner, step) => {
    if (typeof step === 'number') return Array.isArray(inner) ? (inner as readonly ExactJson[])[step] : undefined;
    return isTree(inner) && Object.hasOwn(inner, step) ? inner[step] : undefined;
  }, json);

export const listAt = (json: ExactJson | undefined, ...path: readonly Step[]): readonly ExactJson[] => {
  const found = at(json, ...path);
  return Array.isArray(found) ? (found as readonly ExactJson[]) : [];
};

/** A text that is not empty, or a number as it was written: ids may be longer than a number is exact. */
export const textAt = (json: ExactJson | undefined, ...path: readonly Step[]): string | undefined => {
  const found = at(json, ...path);
  if (found !== undefined && isNumberText(found)) return found.rawJSON;
  return typeof found === 'string' && found !== '' ? found : undefined;
};

/** An id that may name a machine: 1 to 255 characters, none of them a control character. */
export const idAt = (json: ExactJson | undefined, ...path: readonly Step[]): string | undefined => {
  const found = textAt(json, ...path)?.trim();
  return found !== undefined && /^\P{Cc}{1,255}$/u.test(found) ? found : undefined;
};

/** The tree without these members of the object at a path. */
export const without = (tree: ExactTree, path: readonly string[], names: ReadonlySet<string>): ExactTree => {
  const [step, ...rest] = path;
  if (step === undefined) return Object.fromEntries(Object.entries(tree).filter(([name]) => !names.has(name)));
  const inner = Object.hasOwn(tree, step) ? tree[step] : undefined;
  return isTree(inner) ? { ...tree, [step]: without(inner, rest, names) } : tree;
};

/** `projects/1/zones/europe-west1-b` is `europe-west1-b`. */
export const lastSegment = (text: string | undefined): string | undefined => text?.split('/').at(-1);
