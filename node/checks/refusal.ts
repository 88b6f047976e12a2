// Whether a file, or the folder it lies in, is in the hands of those the daemon trusts: its own user and root.
interface Owned {
  readonly uid: number;
  readonly mode: number;
}

const writableByAll = 0o002;

/** Why it is not to be trusted; completes "it …", after `where`, which leads to the thing from the check. Undefined when it is. */
export const refusalOf = (where: '' | 'lies in a folder that ', { mode, uid }: Owned): string | undefined => {
  if ((mode & writableByAll) !== 0) return `${where}is writable by everyone: chmod o-w takes that away`;
  if (uid !== 0 && uid !== process.geteuid?.()) return `${where}belongs to another user: chown it to root or the daemon's`;
  return undefined;
};
