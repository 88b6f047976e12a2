# What a recipe does with an execute resource: a guard, a shell of its own in a folder, and an error when it fails.
execute() {
  [ -e "$1/$2" ] && { echo "skipped due to not_if"; return; }
  (cd "$1" && sh -c "jetpack download $2 --project slurm ./") < /dev/null || { echo "Mixlib::ShellOut::ShellCommandFailed: $2"; exit 1; }
  echo "ran"
}
mkdir chef
execute chef cyclecloud-api-7.8.0.tar.gz
execute chef cyclecloud-api-7.8.0.tar.gz
execute chef cyclecloud-api-8.0.0.tar.gz 2>/dev/null
echo "never"
