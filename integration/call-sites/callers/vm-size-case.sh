# Chooses hardware checks by the size of the machine, in lower case.
size=$(jetpack config azure.metadata.compute.vmSize | tr '[:upper:]' '[:lower:]')
case "$size" in
  standard_nd*) echo "gpu checks" ;;
  standard_hb*) echo "infiniband checks" ;;
  *) echo "no checks for $size" ;;
esac
