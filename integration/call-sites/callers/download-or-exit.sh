# What cannot be brought ends the script.
set -o pipefail
mkdir downloads
jetpack download hcheck-linux-1.0.3.tgz --project healthcheck downloads || exit 1
grep -c 'uploaded it for healthcheck' downloads/hcheck-linux-1.0.3.tgz
jetpack download hcheck-linux-9.9.9.tgz --project healthcheck downloads || exit 1
echo "never"
