# Sourced by the launchers beside it: runs $entry, a program of this repository, with Node 24. $bin is this folder.
# Sources are TypeScript that Node runs as it is, so an older one will not do.
if [ ! -d "$bin/../node_modules/zod" ]; then
  echo "${0##*/}: what it needs is not installed: run npm install in $(cd "$bin/.." && pwd)" >&2
  exit 1
fi
node=$bin/../node_modules/node/bin/node
if [ ! -x "$node" ]; then
  node=$(command -v node) && version=$("$node" --version) || version=v0
  major=${version#v}
  major=${major%%.*}
  if ! [ "$major" -ge 24 ] 2>/dev/null; then
    echo "${0##*/}: Node 24 or newer is needed, neither node_modules nor the PATH has it: run npm install there, or install Node 24" >&2
    exit 1
  fi
fi
exec "$node" --disable-warning=ExperimentalWarning "$bin/../$entry" "$@"
