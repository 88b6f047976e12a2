# Words of the output one by one.
for tag in $(jetpack config azure.metadata.compute.tags | tr ';' ' '); do
  echo "${tag%%:*} is ${tag#*:}"
done
