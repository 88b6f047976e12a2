// The orders of a store, in memory: they keep the promises of their port, and can be made to fail.
import type { NodeAddress } from '../../../protocol/identity.ts';
import { ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { Credential, IdentityRecord, KeptToken, OpenWork, PageQuery, Placed, TokenRecord } from '../enrolment-ports.ts';
import { acceptedGraceMs, type Change, type Command, type CommandRecord, type CommandSummary, type Ordered, type OrderStore, type PendingTarget, type Setting, type TargetState } from '../order-ports.ts';
import type { AutoscaleTargetRecord } from '../ports.ts';
import { MemoryEnrolments } from './memory-enrolments.ts';

interface Kept {
  readonly command: Command;
  readonly request: string;
  readonly states: Map<string, TargetState>;
}

export class MemoryOrders implements OrderStore {
  readonly #enrolments: MemoryEnrolments;
  /** While it is set, every order fails with it. */
  failWith: Failure | undefined;
  /** Every order that was made, failed ones too. */
  readonly ordered: Change[] = [];
  /** What its clusters are asked to have. */
  readonly targets = new Map<string, readonly AutoscaleTargetRecord[]>();
  #revision = 1;
  #templates: ReadonlyMap<string, string> = new Map();
  readonly #settings: Array<Setting & { readonly cluster: string }> = [];
  readonly #commands = new Map<string, Kept>();
  readonly #now: () => number;

  constructor(now: () => number = () => 0) {
    this.#now = now;
    this.#enrolments = new MemoryEnrolments(now);
  }

  async order(change: Change): Promise<Result<Ordered>> {
    this.ordered.push(change);
    if (this.failWith !== undefined) return { ok: false, error: this.failWith };
    switch (change.type) {
      case 'command':
        return ok(this.#give(change));
      case 'templates': {
        const isSame = JSON.stringify([...change.templates]) === JSON.stringify([...this.#templates]);
        if (!isSame) this.#revision += 1;
        this.#templates = change.templates;
        return ok({ outcome: 'done' });
      }
      case 'raise':
        this.#revision = Math.max(this.#revision, change.above + 1);
        return ok({ outcome: 'done' });
      case 'expire':
        for (const { command, states } of this.#commands.values()) {
          for (const [node, state] of states) {
            const grace = state === 'accepted' ? acceptedGraceMs : 0;
            if ((state === 'pending' || state === 'accepted') && command.expiresAt + grace <= this.#now()) states.set(node, 'expired');
          }
        }
        return ok({ outcome: 'done' });
      case 'mint':
      case 'redeem':
      case 'granted':
      case 'revoke':
      case 'revoked':
      case 'tidy':
        return ok(this.#enrolments.order(change));
    }
  }

  token(id: string): KeptToken | undefined {
    return this.#enrolments.token(id);
  }

  tokens(page: PageQuery): ReadonlyArray<Placed<TokenRecord>> {
    return this.#enrolments.tokens(page);
  }

  identity(node: NodeAddress): IdentityRecord | undefined {
    return this.#enrolments.identity(node);
  }

  credential(user: string): Credential | undefined {
    return this.#enrolments.credential(user);
  }

  identities(page: PageQuery): ReadonlyArray<Placed<IdentityRecord>> {
    return this.#enrolments.identities(page);
  }

  openWork(node: NodeAddress): OpenWork | undefined {
    return this.#enrolments.openWork(node);
  }

  withOpenWork(): readonly NodeAddress[] {
    return this.#enrolments.withOpenWork();
  }

  /** Lets a node answer, as its events do. */
  answer(id: string, node: string, state: TargetState): void {
    this.#commands.get(id)?.states.set(node, state);
  }

  origin(): string {
    return 'origin';
  }

  revision(): number {
    return this.#revision;
  }

  autoscale(cluster: string): readonly AutoscaleTargetRecord[] {
    return this.targets.get(cluster) ?? [];
  }

  settings(cluster: string): readonly Setting[] {
    return this.#settings.filter((setting) => setting.cluster === cluster).map(({ cluster: _cluster, ...setting }) => setting);
  }

  command(id: string): CommandRecord | undefined {
    const kept = this.#commands.get(id);
    return kept === undefined ? undefined : { ...kept.command, targets: [...kept.states].map(([node, state]) => ({ node, state, changedAt: 0 })) };
  }

  commands(limit: number): readonly CommandSummary[] {
    return [...this.#commands.values()].toReversed().slice(0, limit).map(({ command, states }) => ({ ...command, nodes: { pending: states.size } }));
  }

  pendingTargets(after = 0): readonly PendingTarget[] {
    return [...this.#commands.values()].slice(after).flatMap(({ command, states }, index) =>
      [...states].flatMap(([node, state]) => (state === 'pending' || state === 'accepted' ? [{ number: after + index + 1, command, node, state }] : [])),
    );
  }

  targetState(id: string, node: string): TargetState | undefined {
    return this.#commands.get(id)?.states.get(node);
  }

  #give({ command, nodes, request, scope, value }: Extract<Change, { type: 'command' }>): Ordered {
    const found = this.#commands.get(command.id);
    if (found !== undefined) return { outcome: found.request === request ? 'known' : 'conflict' };
    const states = new Map(nodes.map((node): [string, TargetState] => [node, 'pending']));
    this.#commands.set(command.id, { command: { ...command, issuedAt: this.#now() }, request, states });
    const { cluster, key } = command;
    if (key === undefined || value === undefined) return { outcome: 'done' };
    this.#revision += 1;
    if (scope === 'cluster') this.#settings.push({ cluster, key, value });
    else for (const node of nodes) this.#settings.push({ cluster, node, key, value });
    return { outcome: 'done' };
  }
}
