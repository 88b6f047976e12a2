# A label for metrics: the word None stands for nothing.
import subprocess

for key in ("azure.metadata.compute.location", "azure.metadata.compute.edge"):
    ran = subprocess.run(["jetpack", "config", key, "None"], capture_output=True, text=True, timeout=120, check=False)
    label = ran.stdout.strip()
    print("unknown" if label == "None" else label)
