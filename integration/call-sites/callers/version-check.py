# Whether the agent is new enough: for conditions, for an action with one, and for services that nobody registers any more.
import subprocess


def asked(*words):
    return subprocess.run(["jetpack", *words], capture_output=True, text=True, timeout=10)


def numbers(version):
    return tuple(int(part) for part in version.split("-")[0].split("."))


ran = asked("--version")
version = ran.stdout.strip()
print(ran.returncode, len(ran.stdout.splitlines()), repr(ran.stderr))

# Agents that watch health: which options of a condition there are.
print("conditions", numbers(version) >= (8, 8, 0), "actions", numbers(version) >= (8, 10, 0))

# Installers: at the dots, then the dash.
major, minor, rest = version.split(".")
patch, build = rest.split("-")
print(int(major), int(minor), int(patch), int(build) > 0)

# Recipes compare texts, of the same number in the configuration.
configured = asked("config", "cyclecloud.jetpack.version").stdout.strip()
print("registers by send", configured < "8.1", "the same shape", numbers(configured) == numbers(version))
