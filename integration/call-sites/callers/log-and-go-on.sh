# Tells the cluster page, in the background, and goes on.
jetpack log "exporter container failed to start" --level=warn --priority=medium &
jetpack log --level error "node health checks failed on $(hostname -s > /dev/null; echo n1)" &
wait
echo "told"
