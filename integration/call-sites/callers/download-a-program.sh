# A tool out of the locker, run from where it was put; a new one takes its place.
set -e
mkdir bin
jetpack download azcopy "$PWD/bin" --project QCMD
chmod +x bin/azcopy
bin/azcopy copy
echo "older" > bin/azcopy
output=$(jetpack download azcopy --project QCMD bin/ 2>&1)
echo "[$output]"
bin/azcopy sync
