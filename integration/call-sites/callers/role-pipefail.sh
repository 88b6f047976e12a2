# grep leaves as soon as it has seen enough: with pipefail the writer's end counts too.
set -o pipefail
for _ in 1 2 3; do
  jetpack config --json | grep -q hostname || { echo "the pipe failed"; exit 1; }
done
jetpack config roles | grep -q scheduler && echo "still fine"
