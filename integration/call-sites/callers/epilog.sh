# A job's epilog: what it prints would end up with the user, so it prints only its decision.
exec 3>&1 > epilog.log 2>&1
set -x
hpc=$(jetpack config slurm.hpc)
if [ "$hpc" == "True" ]; then
  jetpack config slurm.epilog.dir || echo "default place"
fi
set +x
grep -v '^+' epilog.log | grep -q 'slurm.epilog.dir' && echo "the reason is in the log" >&3
grep -c '^default place$' epilog.log >&3
