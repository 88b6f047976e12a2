# Guards of resources: the exit code of a command alone.
only_if() { sh -c "$1" > /dev/null 2>&1; }
not_if() { ! sh -c "$1" > /dev/null 2>&1; }
only_if 'jetpack config pbspro.queues.htcq.ignore' && echo "queue is known"
only_if 'jetpack config cyclecloud.cookbooks.version | grep -q ^8' && echo "new cookbooks"
not_if 'jetpack config cyclecloud.maintenance_converge.enabled' && echo "no periodic converge"
only_if 'test "$(jetpack config slurmrestd.disabled False)" = True' && echo "no REST daemon"
