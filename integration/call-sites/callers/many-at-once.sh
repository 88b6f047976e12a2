# Background calls, each into a file of its own.
for key in fs cluster_name version prefix hotspare stripe_width; do
  jetpack config weka.$key > "$key" &
done
wait
cat fs cluster_name version prefix hotspare stripe_width | paste -s -d ' '
