# An object arrives as it is.
import json
import subprocess

proc = subprocess.Popen(["jetpack", "config", "cyclecloud.cluster", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
cluster = json.load(proc.stdout)
proc.communicate()
print(proc.returncode, cluster["start_count"], cluster["autoscale"]["stop_callback"], cluster["autoscale"]["start_enabled"])
print(" ".join(sorted(cluster["user"])))
