#!/bin/bash
# As installers begin: the project is that of the script, and what does not come stops the converge.
set -e
BOOTSTRAP=$JETPACK_HOME/system/bootstrap/gridengine
mkdir -p $BOOTSTRAP
cd $BOOTSTRAP
jetpack download cyclecloud-scalelib-0.1.1.tar.gz
jetpack download autoscale-7.9.5.tar.gz $BOOTSTRAP/autoscale.tar.gz || exit 3
jetpack download cyclecloud-gridengine-9.9.9.tar.gz $BOOTSTRAP/ 2> refused && exit 4
jetpack download --project pbspro openpbs-server-22.05.11-0.x86_64.rpm $BOOTSTRAP/
