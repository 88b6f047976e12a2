# A key that may be missing, with another command as the default.
group=$(jetpack config slurm.group.name 2>/dev/null || echo slurm)
user=$(jetpack config slurm.user.name 2>/dev/null || echo slurm)
echo "$user:$group"
