#!/bin/bash
# A health check. What it writes is shown beside its name; its exit code says how the node is:
#   0    healthy
#   254  the node asks its server to end it
#   else unknown: the check itself could not tell
set -euo pipefail

limit=$(jetpack config demo.min_free_mib 100)
if [[ ! $limit =~ ^[0-9]{1,15}$ ]]; then
  echo "demo.min_free_mib is not a whole number: $limit" >&2
  exit 1
fi

free=$(df --output=avail --block-size=1M "$JETPACK_HOME" | tail -n 1 | tr -d ' ')
if ((free < limit)); then
  echo "$JETPACK_HOME has only $free MiB free, at least $limit are wanted" >&2
  exit 254
fi
