# Three attempts, and the last word is the exit code.
attempt() {
  for try in 1 2 3; do
    jetpack download "$1" --project ocs . 2>> errors.log && { echo "$1 at attempt $try"; return 0; }
  done
  return 1
}
attempt cyclecloud-ocs-pkg-2.0.1.tar.gz
attempt cyclecloud-ocs-pkg-0.0.0.tar.gz || echo "given up after $(wc -l < errors.log)"
