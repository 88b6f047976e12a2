# A trail of messages; the loop's own list is not eaten.
printf 'one\ntwo\nthree\n' | while read -r step; do
  jetpack log "step $step" --level info --priority low
done
echo "done"
