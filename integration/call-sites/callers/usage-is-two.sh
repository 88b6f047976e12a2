# Mistakes of the script itself are told apart from keys that are missing.
jetpack config weka.gone > /dev/null 2>&1; echo "missing: $?"
jetpack config --no-such-flag > /dev/null 2>&1; echo "flag: $?"
jetpack no-such-command > /dev/null 2>&1; echo "command: $?"
jetpack config a b c > /dev/null 2>&1; echo "too many: $?"
jetpack config -h > help; echo "help: $? $(head -c 5 help)"
