# In the background, all into one folder, one of them twice.
mkdir all
for blob in cyclecloud-api.tar.gz autoscale-7.9.5.tar.gz cyclecloud-scalelib-0.1.1.tar.gz autoscale-7.9.5.tar.gz; do
  jetpack download "$blob" --project gridengine all/ &
done
wait
ls -A all
cat all/autoscale-7.9.5.tar.gz
