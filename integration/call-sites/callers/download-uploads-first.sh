# Whoever uploads a blob of the same name replaces the project's own.
for blob in benchmark classroom; do
  jetpack download "examples/$blob.zip" "$blob" --project blender && cut -d, -f2 "$blob"
done
