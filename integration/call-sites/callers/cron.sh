# As cron runs it: the full path, and no PATH at all.
program=$(command -v jetpack)
env -i JETPACK_HOME="$JETPACK_HOME" "$program" config cyclecloud.cluster.autoscale.stop_interval
env -i JETPACK_HOME="$JETPACK_HOME" PATH=/usr/bin:/bin /bin/sh -c "$program config weka.tiering_percent"
env -i CYCLECLOUD_HOME="$JETPACK_HOME" HOME=/ SHELL=/bin/sh "$program" config weka.prefix
