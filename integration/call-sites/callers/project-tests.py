# A pipeline that runs the tests of a node and goes by the exit code.
import re
import subprocess

ran = subprocess.run(["jetpack", "test"], capture_output=True, text=True)
print(ran.returncode, ran.stderr, re.findall(r"[\w-]+\.(?:py|sh)", ran.stdout))
print(subprocess.call(["jetpack", "test", "pbspro"], stderr=subprocess.DEVNULL))
