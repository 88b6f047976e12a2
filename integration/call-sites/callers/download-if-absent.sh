# Installers that may run again bring only what is not there.
fetch() { [ -f "cache/$1" ] || { jetpack download "$1" --project gridengine "cache/$1" && echo "brought $1"; }; }
mkdir cache
fetch cyclecloud-api.tar.gz
fetch cyclecloud-api.tar.gz
fetch cyclecloud-gridengine-2.0.0.tar.gz
cat cache/*
