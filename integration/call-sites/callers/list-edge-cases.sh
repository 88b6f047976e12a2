# An empty list and a list of one, cut up with tr.
for key in beegfs.disk_mounts.meta.luns azvolumes.mounts.nvme.luns; do
  words=$(jetpack config $key | tr -d '[],')
  set -- $words
  echo "$# of $key: $*"
done
