# Whose cluster it is.
import json
import subprocess

owner = json.loads(subprocess.check_output(["jetpack", "users", "--owner", "--json"]))
everybody = json.loads(subprocess.check_output("jetpack users --json", shell=True))
print(owner["name"], owner["uid"], owner["isOwner"])
print(sorted(user["name"] for user in everybody if user["isAdmin"]), sum(len(user["publicKeys"]) for user in everybody))
