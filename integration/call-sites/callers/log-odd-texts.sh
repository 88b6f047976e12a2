# Texts with quotes, newlines and what a terminal minds.
note='check_hw: "eth0" isn'"'"'t up'
output="$(printf 'first line\nsecond\tline\n\nlast')"
jetpack log "$note" -p low && jetpack log "$output" --priority=high && jetpack log -p low -- "--- 100% of /mnt \$full ---"
echo "exit $?"
