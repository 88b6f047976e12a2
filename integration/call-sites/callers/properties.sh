# Properties of the node, beside the configuration, which agrees with them.
set -e
[ "$(jetpack props get azure.vm_size)" = "$(jetpack config azure.metadata.compute.vmSize)" ] && echo "agree"
family=$(jetpack props get os.id_like rhel)
case $family in *rhel*) echo "rpm" ;; *debian*) echo "deb" ;; esac
jetpack props get os.codename none
jetpack props get cyclecloud.nothing 2> /dev/null || echo "exit $?"
