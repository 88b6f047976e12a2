// Where the broker's management API is, and as whom to speak to it.
import { fail, ok, type Result } from '../../protocol/result.ts';

export interface ManagementAddress {
  /** `http://host:15672/`, without a name or password. */
  readonly base: string;
  readonly user: string;
  readonly password: string;
}

const unusable = fail('usage', 'cycle-server: --management is unusable: give http://user:password@host:15672 or https://...');

/** The line never repeats the URL, which holds a password. */
export const parseManagementUrl = (text: string): Result<ManagementAddress> => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username === '' || url.password === '') return unusable;
  try {
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return ok({ base: `${url.protocol}//${url.host}${url.pathname.replace(/\/*$/, '/')}`, user, password });
  } catch {
    return unusable;
  }
};
