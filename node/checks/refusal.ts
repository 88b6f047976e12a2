// Whether a file, or the folder it lies in, is in the hands of those the daemon trusts: its own user and root, and its own
// group while it is not root. As root it trusts no group: whoever is in one could otherwise have root do what they write.

/** Whom something belongs to, or whom a process runs as. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface Owned extends Owner {
  readonly mode: number;
}

const writableByAll = 0o002;
const writableByGroup = 0o020;

/** Where there are no users (not Linux), there is nobody else either. */
const thisProcess = (): Owner => ({ uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 });

/** Why it is not to be trusted; completes "it …", after `where`, which leads to the thing from the check. Undefined when it is. */
export const refusalOf = (where: '' | 'lies in a folder that ', { gid, mode, uid }: Owned, daemon = thisProcess()): string | undefined => {
  if ((mode & writableByAll) !== 0) return `${where}is writable by everyone: chmod o-w takes that away`;
  if (uid !== 0 && uid !== daemon.uid) return `${where}belongs to another user: chown it to root or the daemon's`;
  if ((mode & writableByGroup) === 0) return undefined;
  if (daemon.uid === 0) return `${where}is writable by its group: chmod g-w takes that away`;
  return gid === daemon.gid ? undefined : `${where}is writable by a group that is not the daemon's: chmod g-w takes that away`;
};
