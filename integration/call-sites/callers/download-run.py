# subprocess.run with both streams kept, and the environment of a script of a project.
import os
import subprocess

env = dict(os.environ, CYCLECLOUD_PROJECT_NAME="test-project")
for arguments in (["data.dat", "copy.dat"], ["data.dat"], ["data.data", "."], []):
    done = subprocess.run(["jetpack", "download"] + arguments, env=env, capture_output=True, text=True, timeout=120)
    print(done.returncode, repr(done.stdout), done.stderr.count("\n"), sorted(os.listdir(".")))
print(open("copy.dat").read() == open("data.dat").read())
