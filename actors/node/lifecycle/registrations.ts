// Scripts that are registered for the end of this node, in the order in which they were. Durable; none is looked at here.
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Clock } from '../../../effects/clock.ts';
import type { Json } from '../../../protocol/configuration.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { isTree } from '../../../protocol/tree.ts';
import type { NodeState } from '../state.ts';
import type { EndScript } from './ports.ts';

export interface Registration extends EndScript {
  readonly id: string;
}

export interface RegistrationsPorts {
  readonly state: NodeState;
  readonly clock: Clock;
  readonly random: Random;
}

const stateKey = 'run-on-shutdown';

/** Each may take minutes, and a node that is to end waits for all. */
const most = 64;

const isText = (value: unknown): value is string => typeof value === 'string';

/** What is found under the key was written by this program, or is as good as nothing. */
const read = (json: Json | undefined): readonly Registration[] => {
  if (!Array.isArray(json)) return [];
  return json.flatMap((each: Json) => {
    if (!isTree(each)) return [];
    const { arguments: given, id, path } = each;
    return isText(id) && isText(path) && Array.isArray(given) ? [{ id, path, arguments: given.filter(isText) }] : [];
  });
};

const isSame = (one: EndScript, other: EndScript): boolean => one.path === other.path && JSON.stringify(one.arguments) === JSON.stringify(other.arguments);

export class Registrations {
  readonly #ports: RegistrationsPorts;

  constructor(ports: RegistrationsPorts) {
    this.#ports = ports;
  }

  all(): readonly Registration[] {
    return read(this.#ports.state.get(stateKey));
  }

  /** The same script with the same arguments stays where it is. Fails with `request_invalid` or `busy`. */
  async add({ arguments: given, path }: EndScript): Promise<Result<readonly Registration[]>> {
    const { clock, random } = this.#ports;
    if (!path.startsWith('/')) return fail('request_invalid', `${path} is not an absolute path`);
    if ([path, ...given].some((text) => text.includes('\0'))) return fail('request_invalid', 'the path or an argument holds a zero byte');
    const before = this.all();
    if (before.some((each) => isSame(each, { path, arguments: given }))) return ok(before);
    if (before.length >= most) return fail('busy', `${most} scripts are registered, as many as may be: remove one`);
    return this.#write([...before, { id: uuid7(clock.now(), random), path, arguments: given }]);
  }

  /** All with this path. Fails with `script_unknown` when there is none. */
  async remove(path: string): Promise<Result<readonly Registration[]>> {
    const before = this.all();
    const left = before.filter((each) => each.path !== path);
    return left.length === before.length ? fail('script_unknown', `${path} is not registered`) : this.#write(left);
  }

  async #write(registrations: readonly Registration[]): Promise<Result<readonly Registration[]>> {
    const value = registrations.map(({ arguments: given, id, path }) => ({ id, path, arguments: given }));
    const changed = await this.#ports.state.change([{ key: stateKey, value }]);
    return changed.ok ? ok(registrations) : changed;
  }
}
