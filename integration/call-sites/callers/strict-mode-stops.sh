# In strict mode a missing key without a default ends the script where it is asked for.
set -euo pipefail
echo "before"
top=$(jetpack config lsf.nothing_there)
echo "never: $top"
