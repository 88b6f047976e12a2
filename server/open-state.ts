// What a server works on: its home, claimed, the store in it and the templates of its clusters. All of it or nothing is open.
import path from 'node:path';
import { Configurations, type Templates } from '../actors/server/configurations.ts';
import type { Store } from '../actors/server/ports.ts';
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { openServerHome } from './home.ts';
import { openStore } from './store/store.ts';
import { readTemplates } from './templates.ts';

export interface ServerState {
  readonly store: Store;
  readonly templates: Templates;
  readonly configurations: Configurations;
  /** Lets the home go. The store is closed by itself, before. */
  readonly release: () => void;
}

export interface StateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Wraps the store once it is open. */
  readonly overStore?: (store: Store) => Store;
}

/** Fails with `home_unusable`, `already_running`, `config_invalid` or `store_unwritable`. */
export const openState = (home: string, { clock, logger, overStore = (store) => store }: StateOptions): Result<ServerState> => {
  const claimed = openServerHome(home);
  if (!claimed.ok) return claimed;
  const release = (): void => claimed.value.release();
  const releaseFor = <T>(failed: T): T => {
    release();
    return failed;
  };
  const templates = readTemplates(home);
  if (!templates.ok) return releaseFor(templates);
  const opened = openStore(path.join(home, 'store.db'), { clock });
  if (!opened.ok) return releaseFor(opened);
  const { setAside } = opened.value;
  if (setAside !== undefined) logger.error(`the store was set aside as ${setAside.path}: ${setAside.reason}`, { path: setAside.path });
  const store = overStore(opened.value.store);
  const configurations = new Configurations(templates.value, store);
  const sendable = configurations.checkAll();
  if (sendable.ok) return ok({ store, templates: templates.value, configurations, release });
  void store.close();
  return releaseFor(fail('config_invalid', `${path.join(home, 'clusters')}: ${sendable.error.message}`));
};
