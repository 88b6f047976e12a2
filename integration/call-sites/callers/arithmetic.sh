# Numbers go straight into arithmetic.
after=$(jetpack config cyclecloud.cluster.autoscale.idle_time_after_jobs)
cores=$(jetpack config COMPILE_CORES)
echo "$((after / 60)) minutes, $((cores * 2)) threads"
[ "$(jetpack config weka.tiering_percent)" -eq 0 ] && echo "no tiering"
[ "$(jetpack config slurm.resume_timeout 2>/dev/null || echo 1800)" -gt 600 ] && echo "long enough"
