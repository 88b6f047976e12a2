// The launchers of an installed folder: each runs a bundle with the Node that the folder was made with.

export interface Launched {
  /** What the program is, for whoever opens the file: one line. */
  readonly what: string;
  /** Absolute path of a Node 24. */
  readonly node: string;
  /** Absolute path of the bundle. */
  readonly entry: string;
}

/** For a shell, between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export const launcher = ({ what, node, entry }: Launched): string => `#!/bin/sh
# ${what}
exec ${quoted(node)} --disable-warning=ExperimentalWarning ${quoted(entry)} "$@"
`;
