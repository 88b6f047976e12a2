// The tree of EC2's meta-data, which is read path by path, in Ohai's names: `placement/availability-zone` is
// `placement_availability_zone`. OpenStack's service has such a tree too.
import type { ExactJson, ExactTree } from '../../commands/exact-json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { MetadataService } from './service.ts';

const root = '/latest/meta-data/';

/** Credentials: they go to whoever asks for them, and into no file. */
const secret = /^(iam|identity-credentials|managed-ssh-keys)\//;

/** A network card's facts stay together. */
const nested = 'network/interfaces/macs/';

const lists: ReadonlySet<string> = new Set(['security-groups']);

/** Who and where the machine is, whatever becomes of the rest. */
const first: ReadonlySet<string> = new Set(['instance-id', 'instance-type', 'placement/']);

/** An instance with thirty-two network cards has some six hundred. What is beyond is not asked for. */
const mostQuestions = 1_000;
const deepest = 8;

const nameOf = (key: string): string => key.replaceAll(/[-/]/g, '_');

/** `0=my-key` names a folder, as does a name that ends with a slash. */
const entriesOf = (listing: string): readonly string[] =>
  listing
    .split('\n')
    .map((line) => line.trim().replace(/=.*$/, '/'))
    .filter((entry) => /^[\w.:+,@-]+\/?$/.test(entry) && !/^\.{1,2}\/?$/.test(entry));

/** Of the root: what is most wanted comes first, and folders, which may have any size, last. */
const inOrder = (entries: readonly string[]): readonly string[] => {
  const rank = (entry: string): number => {
    if (first.has(entry)) return 0;
    return entry.endsWith('/') ? 2 : 1;
  };
  return entries.toSorted((a, b) => rank(a) - rank(b));
};

export class Ec2Tree {
  readonly #service: MetadataService;
  readonly #headers: Readonly<Record<string, string>>;
  #questions = 0;

  constructor(service: MetadataService, headers: Readonly<Record<string, string>>) {
    this.#service = service;
    this.#headers = headers;
  }

  /** Undefined where the service has no such tree. One that is larger than its bound is told as far as it was read. */
  async read(): Promise<Result<ExactTree | undefined, string>> {
    const listing = await this.#ask('');
    if (!listing.ok) return listing;
    if (listing.value === undefined) return ok(undefined);
    const members: Record<string, ExactJson> = {};
    const error = await this.#folder('', listing.value, members, 1);
    return error === undefined ? ok(members) : { ok: false, error };
  }

  /** Adds the members of a folder. Why it could not. */
  async #folder(folder: string, listing: string, members: Record<string, ExactJson>, depth: number): Promise<string | undefined> {
    for (const entry of depth === 1 ? inOrder(entriesOf(listing)) : entriesOf(listing)) {
      if (this.#questions >= mostQuestions) break;
      const key = `${folder}${entry}`;
      if (secret.test(key)) continue;
      const text = await this.#ask(key);
      if (!text.ok) return text.error;
      // Listed, and not there: that is how it is while something is attached or taken away.
      if (text.value === undefined) continue;
      if (!entry.endsWith('/')) {
        members[nameOf(this.#isNested(folder) ? entry : key)] = lists.has(key) ? text.value.split('\n').filter((line) => line !== '') : text.value;
        continue;
      }
      if (depth >= deepest) continue;
      const inner = this.#isNested(key) ? {} : members;
      const error = await this.#folder(key, text.value, inner, depth + 1);
      if (error !== undefined) return error;
      if (inner !== members) members[key === nested ? nameOf(key.slice(0, -1)) : entry.slice(0, -1)] = inner;
    }
    return undefined;
  }

  #isNested(folder: string): boolean {
    return folder.startsWith(nested);
  }

  async #ask(key: string): Promise<Result<string | undefined, string>> {
    this.#questions += 1;
    return this.#service.text({ path: `${root}${key}`, headers: this.#headers });
  }
}
