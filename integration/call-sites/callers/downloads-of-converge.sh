# What a script of a project brought while the node converged: jetpack is on its PATH, and the project is its own.
cd "$JETPACK_HOME/system/bootstrap/gridengine" || exit 1
ls
cat autoscale.tar.gz
grep -c 9.9.9 refused
