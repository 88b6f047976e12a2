# Whether this node has a role.
for role in scheduler execute; do
  if jetpack config roles | grep -q "$role"; then echo "is $role"; else echo "is no $role"; fi
done
jetpack config roles | grep -q "'slurm_scheduler_role'" && echo "by its full name"
