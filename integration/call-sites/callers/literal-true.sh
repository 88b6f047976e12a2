# Booleans compared with the text that Python has for them.
if [ "$(jetpack config slurm.hpc)" == "True" ]; then echo "tightly coupled"; fi
if [[ $(jetpack config lsf.shared_install) == True ]]; then echo "shared install"; fi
[ "$(jetpack config slurm.delete_dynamic_node)" = "True" ] && echo "deletes" || echo "keeps"
