# Several keys of one mount, each with a default of its own.
for mount in data db scratch; do
  base=cyclecloud.mounts.$mount
  type=$(jetpack config $base.type 2>/dev/null || echo nfs)
  raid=$(jetpack config $base.raid_level 2>/dev/null || echo none)
  options=$(jetpack config $base.options 2>/dev/null || echo defaults)
  disabled=$(jetpack config $base.disabled 2>/dev/null || echo False)
  place=$(jetpack config $base.mountpoint 2>/dev/null || echo "/mnt/$mount")
  echo "$place|$type|$options|$raid|$disabled"
done
