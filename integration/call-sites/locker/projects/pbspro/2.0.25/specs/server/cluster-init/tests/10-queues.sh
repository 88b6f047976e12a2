#!/bin/bash
set -euo pipefail
grep -qx workq queues.txt
echo "10-queues.sh" >> "$JETPACK_HOME/ran.noted"
