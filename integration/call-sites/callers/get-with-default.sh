# A wrapper that hands both of its words on.
get() { jetpack config "$1" "${2-}"; }
echo "[$(get slurm.role)] [$(get slurm.partition)] [$(get slurm.partition 'a b')] [$(get slurm.partition '*')]"
