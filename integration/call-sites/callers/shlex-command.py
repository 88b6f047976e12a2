# A command line that was written as one text.
import shlex
import subprocess

command = shlex.split('jetpack config "cyclecloud.mounts.db.mountpoint" "/mnt/a default"')
print(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
command = shlex.split('jetpack config nothing.here "/mnt/a default"')
print(subprocess.run(command, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout.rstrip("\n"))
