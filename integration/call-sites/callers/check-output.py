# The usual helper of installers: strip, and a default when the call fails.
import subprocess


def get(key, default=None):
    try:
        return subprocess.check_output(["jetpack", "config", key], stderr=subprocess.DEVNULL).decode().strip()
    except subprocess.CalledProcessError as failed:
        return "%s (exit %d)" % (default, failed.returncode)


print(get("symphony.hostfactory.top"))
print(get("symphony.host_factory.enabled") == "False")
print(get("symphony.cluster.id", "unset"))
