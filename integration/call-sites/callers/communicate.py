# Both streams and the exit code, looked at one by one.
import subprocess

for key in ("munge.user.uid", "munge.user.gid"):
    proc = subprocess.Popen(["jetpack", "config", key], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE)
    out, err = proc.communicate()
    if proc.returncode == 0:
        print(int(out))
    else:
        print("code", proc.returncode, len(out), err.count(b"\n"), key in err.decode())
