# One test that fails does not keep the others from running, and decides the exit code.
export JETPACK_HOME=$PWD/node
tests=$JETPACK_HOME/cluster-init/demo/default/tests
mkdir -p "$JETPACK_HOME/config" "$tests"
echo '{"cyclecloud": {"cluster_init_specs": [{"project": "demo", "version": "1.0.0", "spec": "default"}]}}' > "$JETPACK_HOME/config/node.json"
jetpack test > /dev/null; echo "none: $?"
printf '#!/bin/sh\necho "the queue is closed" >&2\nexit 3\n' > "$tests/10-queue.sh"
printf '#!/bin/sh\ntouch "$JETPACK_HOME/ran"\n' > "$tests/20-after.sh"
chmod +x "$tests"/*
jetpack test > results 2> errors || echo "one: $?"
grep -c 'demo/default 10-queue.sh' results; grep -c 'the queue is closed' results; grep -c '20-after.sh' results
wc -l < errors
ls "$JETPACK_HOME/ran" > /dev/null && echo "the other ran"
