#!/bin/bash
# Installs a health check. A script runs in its own folder, so the files of its spec are in ../files.
set -euo pipefail

checks="$JETPACK_HOME/config/healthcheck.d"
mkdir -p "$checks"

# A hidden file is no check, so that a half-written one never runs.
install -m 0755 ../files/disk-space.sh "$checks/.disk-space.new"
mv "$checks/.disk-space.new" "$checks/disk-space.sh"
echo "installed $checks/disk-space.sh"
