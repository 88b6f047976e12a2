# Bounded, as in a prolog that must not hang.
if id=$(timeout 10 jetpack config weka.cluster_name); then echo "asked in time: $id"; else echo "gave up: $?"; fi
timeout 10 jetpack config weka.cluster_address > /dev/null 2>&1
echo "exit $?"
