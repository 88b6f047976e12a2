# No JSON tool at hand: members stand on lines of their own, four spaces a level.
jetpack config azure.metadata --json > compute.json
grep -c '^    "compute": {$' compute.json
grep '^        "vmSize": ' compute.json | cut -d'"' -f4
sed -n 's/^        "location": "\(.*\)",$/\1/p' compute.json
jetpack config lsf.skip_install --json | grep -x '    "lsf.skip_install": 0'
