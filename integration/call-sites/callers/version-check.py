# Whether the agent is new enough, within ten seconds.
import subprocess

ran = subprocess.run(["jetpack", "--version"], capture_output=True, text=True, timeout=10)
numbers = tuple(int(part) for part in ran.stdout.strip().split("-")[0].split("."))
print(ran.returncode, len(ran.stdout.splitlines()), len(numbers) >= 2, repr(ran.stderr))
