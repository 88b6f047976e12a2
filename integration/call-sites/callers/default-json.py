# A default is wrapped like a value, and the caller tells it by its text.
import json
import subprocess

key = "ef.limit_execute_skus"
answer = json.loads(subprocess.check_output(["jetpack", "config", key, "notfound", "--json"]).decode("utf-8"))
skus = [] if answer[key] == "notfound" else answer[key]
print(len(answer), skus)
slots = json.loads(subprocess.check_output(["jetpack", "config", "pbspro.slots", "notfound", "--json"]))["pbspro.slots"]
print(sum(slots))
