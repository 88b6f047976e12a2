# A boolean of the template and one that somebody typed as text look alike in lower case.
enabled=$(jetpack config healthchecks.enabled)
stop=$(jetpack config cyclecloud.cluster.autoscale.stop_enabled)
profile=$(jetpack config nvidia.cuda.disable_profile)
for word in "$enabled" "$stop" "$profile"; do
  [ "${word,,}" == "true" ] && echo "$word means yes"
done
