# What a recipe does with shell_out: a shell of its own, both streams and the status kept, and an error only when asked for.
shell_out() {
  sh -c "$1" > stdout 2> stderr < /dev/null
  exitstatus=$?
}
error() { [ $exitstatus -eq 0 ] || { echo "Mixlib::ShellOut::ShellCommandFailed: expected 0, got $exitstatus"; exit 1; }; }
chomp() { printf '%s' "$(cat stdout)"; }

shell_out 'jetpack config cyclecloud.cluster.start_count'
error
echo "start count $(chomp)"
shell_out 'jetpack config gridengine.root | tr -d "\n"'
error
echo "root $(chomp)"
shell_out 'jetpack config gridengine.make 2>&1 >/dev/null'
[ $exitstatus -ne 0 ] && [ -s stdout ] && echo "says why"
shell_out 'jetpack config gridengine.make'
error
echo "never"
