# A list of disks, freed of brackets and commas.
luns=$(jetpack config beegfs.disk_mounts.storage.luns)
luns=${luns//[\[\],]/}
count=0
for lun in $luns; do
  echo "/dev/disk/azure/scsi1/lun$lun"
  count=$((count + 1))
done
echo "$count disks"
