# Publishes what a check found, and takes a failure for a reason to say so.
import subprocess


def publish(name, status, message):
    ran = subprocess.run(["jetpack", "condition", "set", "-n", name, "-s", status, "-m", message], capture_output=True, text=True, timeout=10, check=False)
    return ran.returncode


print(publish("network", "Warning", "eth1 is down"), publish("network", "OK", "all up"), publish("network", "Fine", "no such status") != 0)
