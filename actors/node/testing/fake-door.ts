// A way to the metadata service whose closing and opening a test sees, and may have fail.
import { ok, type Result } from '../../../protocol/result.ts';
import type { MetadataDoor } from '../converge/ports.ts';

export class FakeDoor implements MetadataDoor {
  /** What it was asked to be, in order. */
  readonly asked: Array<'closed' | 'open'> = [];
  closed = false;
  /** Why it cannot be changed. */
  trouble: string | undefined;

  isClosed(): boolean {
    return this.closed;
  }

  async set(closed: boolean): Promise<Result<void, string>> {
    this.asked.push(closed ? 'closed' : 'open');
    if (this.trouble !== undefined) return { ok: false, error: this.trouble };
    this.closed = closed;
    return ok(undefined);
  }
}
