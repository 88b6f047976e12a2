#!/bin/bash
# Greets whoever looks at this node: the banner is a blob of the project, the names come from the configuration.
set -euo pipefail

folder="$JETPACK_HOME/system/demo"
node=$(jetpack config cyclecloud.node.name)
cluster=$(jetpack config cyclecloud.cluster.name)

# A script may be ended at any moment, and then begins again: written beside its place and moved there, the file is whole
# at all times.
mkdir -p "$folder"
{
  cat "$CYCLECLOUD_PROJECT_PATH/blobs/banner.txt"
  echo "This is $node of the cluster $cluster."
} > "$folder/motd.new"
mv "$folder/motd.new" "$folder/motd"
echo "wrote $folder/motd"
