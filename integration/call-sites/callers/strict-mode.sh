# In strict mode everything that is there, or has a default, is read without a stop.
set -euo pipefail
role=$(jetpack config slurm.role not-slurm)
scheduler=$(jetpack config pbspro.scheduler "")
mount=$(jetpack config cyclecloud.mounts.builtinshared.mountpoint)
echo "$role [$scheduler] $mount"
