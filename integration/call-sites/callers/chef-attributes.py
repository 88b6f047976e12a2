# Attributes of a node out of the same file, as a recipe has them: true booleans, and lists to iterate.
import json
import subprocess


def shell_out(command):
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


read = shell_out("jetpack config slurm --json")
slurm = json.loads(read.stdout)
print(slurm["is_primary_scheduler"] is False, slurm["accounting"]["enabled"] == "true")
print([port + 1 for port in slurm["ports"]], slurm["reservation.window"])
print(shell_out("jetpack config slurm.ports").stdout.strip(), shell_out("jetpack config slurm.none").returncode)
