# Many take the second word for a value to set; it sets nothing.
jetpack config slurm.mine first
jetpack config slurm.mine second
jetpack config slurm.mine 2>/dev/null || echo "still not there"
