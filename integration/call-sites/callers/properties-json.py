# All properties, nested.
import json
import subprocess

props = json.loads(subprocess.check_output(["jetpack", "props", "get", "--json"]))
print(props["azure"]["vm_size"], props["os"]["version_id"], props["cyclecloud"]["owner"])
