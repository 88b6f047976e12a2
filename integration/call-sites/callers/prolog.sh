# A job's prolog: a bare environment, nothing on any standard stream that matters, and a decision.
size=$(env -i PATH="$PATH" JETPACK_HOME="$JETPACK_HOME" jetpack config azure.metadata.compute.vmSize < /dev/null)
imex=$(env -i PATH="$PATH" JETPACK_HOME="$JETPACK_HOME" jetpack config slurm.imex.enabled null < /dev/null)
if [[ $imex == "null" ]]; then
  if [[ ${size,,} == *gb200* ]]; then imex=True; else imex=False; fi
fi
echo "imex $imex"
exit 0
