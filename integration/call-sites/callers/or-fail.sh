# A function of the script's own says what is wrong.
fail() { echo "FAIL: $*"; exit 7; }
version=$(jetpack config pbspro.version) || fail "no version"
echo "version $version"
package=$(jetpack config pbspro.package 2>/dev/null) || fail "pbspro.package is not set"
echo "never: $package"
