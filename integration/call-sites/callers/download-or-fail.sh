# As installers of schedulers do it, with a function of their own that says what is wrong.
fail() { echo "FAIL: $*"; exit 9; }
cd "$(mktemp -d -p .)" || fail "no folder"
jetpack download cyclecloud-pbspro-pkg-2.0.25.tar.gz --project pbspro ./ || fail "no package"
ls
jetpack download cyclecloud-pbspro-pkg-3.0.0.tar.gz --project pbspro ./ 2>message || fail "$(wc -l < message) line of message"
