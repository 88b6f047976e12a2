# A list of packages, each into the same folder; reading from the loop's input is the loop's business.
mkdir -p rpms/extra
for package in openpbs-server openpbs-execution; do
  jetpack download --project pbspro "$package-22.05.11-0.x86_64.rpm" rpms || exit 1
done
while read -r project blob; do
  jetpack download --project="$project" "$blob" rpms/extra/ || echo "no $blob"
done <<'LIST'
blender examples/benchmark.zip
blender examples/missing.zip
slurm topology_cyclecloud.so
LIST
find rpms -type f | sort
