# Anything else arrives under its whole name, whichever side of the key the flag stands on.
import json
import subprocess


def read(key):
    result = json.loads(subprocess.check_output(["jetpack", "config", "--json", key]))
    return result.get(key)


print(read("pbspro.slots"), read("pbspro.is_grouped"), read("pbspro.version"), read("ood.ldap_host"))
late = json.loads(subprocess.check_output("jetpack config redis.hostlist --json", shell=True))
print(late["redis.hostlist"][1])
