// What `jetpack props set` asks of the node's state, one request after another: each is built on what is durable then, so that one
// that cannot be kept is part of no other. The ids of the last requests are kept with them: the same id again changes nothing.
import PQueue from 'p-queue';
import type { Json } from '../../../protocol/configuration.ts';
import { propertiesIn, withProperty } from '../../../protocol/properties.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { NodeState } from '../state.ts';
import type { PropertyRequest } from './messages.ts';
import { propertiesKey, readProperties } from './properties.ts';

const requestsKey = 'properties/requests';
const rememberedIds = 64;

const oneAtATime = 1;

export class SetProperties {
  readonly #state: NodeState;
  readonly #steps = new PQueue({ concurrency: oneAtATime });

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** Resolves, when it is durable, with whether there is something to report. Fails with `state_unwritable`. */
  set({ at, id, key, value }: PropertyRequest, trace: TraceContext | undefined): Promise<Result<boolean>> {
    return this.#steps.add(async () => {
      const ids = this.#ids();
      if (ids.includes(id)) return ok(false);
      const changes = [
        { key: propertiesKey, value: withProperty(readProperties(this.#state), key, value) },
        { key: requestsKey, value: [...ids, id].slice(-rememberedIds) },
      ];
      const event = { kind: 'property', id, at, key, ...(value === undefined ? {} : { value }) } as const;
      const changed = await this.#state.change(changes, [{ event, trace }]).catch((error: unknown) => fail('internal', String(error)));
      return changed.ok ? ok(true) : changed;
    });
  }

  /** Reports anew what is set, for a server that may not know it any more; `stamp` makes the ids. Resolves as `set` does. */
  tellStanding(stamp: () => { readonly id: string; readonly at: number }, trace: TraceContext | undefined): Promise<Result<boolean>> {
    return this.#steps.add(async () => {
      const reports = propertiesIn(readProperties(this.#state)).map((property) => ({ event: { kind: 'property', ...stamp(), ...property } as const, trace }));
      if (reports.length === 0) return ok(false);
      const kept = await this.#state.change([], reports).catch((error: unknown) => fail('internal', String(error)));
      return kept.ok ? ok(true) : kept;
    });
  }

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    return this.#steps.onIdle();
  }

  /** What is found under the key was written by this program, or is as good as nothing. */
  #ids(): readonly string[] {
    const kept = this.#state.get(requestsKey);
    return Array.isArray(kept) ? kept.filter((id: Json) => typeof id === 'string') : [];
  }
}
