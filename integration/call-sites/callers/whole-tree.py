# Everything at once, then ordinary dictionaries.
import json
import subprocess

tree = json.loads(subprocess.check_output(["jetpack", "config", "--json"], timeout=120))
print(tree["slurm"]["user"]["uid"], tree["slurm"].get("group", {}).get("name", "slurm"))
print(tree["nvidia"]["cuda"]["build"], tree["anaconda"]["env_files"], tree["adauth"]["ad_admin_password"])
