# The same with False, where a default stands in for a missing key.
is_primary=$(jetpack config slurm.is_primary_scheduler True)
is_dbd=$(jetpack config slurm.is_primary_slurmdbd False)
for it in "primary=$is_primary" "dbd=$is_dbd"; do
  [[ ${it#*=} == "False" ]] && echo "${it%%=*}: no" || echo "${it%%=*}: yes"
done
