// What the daemon may show to whoever came by the socket of the group: what these could read for themselves.
import { statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../home/system-error.ts';

const read = 0o4;
const search = 0o1;

const allows = ({ gid, mode }: Stats, group: number, wanted: number): boolean => (mode & wanted) !== 0 || (gid === group && ((mode >> 3) & wanted) !== 0);

/** Whether the group of this socket may read the file. One that is not there shows nothing. */
export const isOpenToGroup = (file: string, socket: string): boolean => {
  try {
    const { gid } = statSync(socket);
    return allows(statSync(path.dirname(file)), gid, search) && allows(statSync(file), gid, read);
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
};
