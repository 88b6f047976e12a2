# Three ways to have nothing: an empty text, a null, a missing key.
for key in dask.scheduler_addr anaconda.env_files anaconda.install_root; do
  value=$(jetpack config $key 2>/dev/null)
  if [ $? -ne 0 ]; then echo "$key: missing"
  elif [ -z "$value" ]; then echo "$key: empty"
  elif [ "$value" == "None" ]; then echo "$key: null"
  else echo "$key: $value"; fi
done
