# The project is that of the script around the call, unless one is named.
export CYCLECLOUD_PROJECT_NAME=symphony
jetpack download sym-7.3.2.0_x86_64.bin && cat sym-7.3.2.0_x86_64.bin
jetpack download topology_cyclecloud.so 2>/dev/null || echo "not of symphony"
jetpack download --project slurm topology_cyclecloud.so && cat topology_cyclecloud.so
CYCLECLOUD_PROJECT_NAME=anaconda jetpack download py3.yml "$PWD/env.yml" && cat env.yml
unset CYCLECLOUD_PROJECT_NAME
jetpack download sym-7.3.2.0_x86_64.bin 2>/dev/null
echo "of no project: $?"
