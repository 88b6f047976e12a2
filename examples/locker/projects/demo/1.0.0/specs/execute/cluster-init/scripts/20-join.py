#!/usr/bin/env python3
"""Joins this node to the scheduler: writes down what it offers, and tells the server."""
import json
import os
import subprocess
import sys
from pathlib import Path


def jetpack(*arguments):
    """What a command of jetpack prints. When it fails it has said why, and so this script fails."""
    done = subprocess.run(["jetpack", *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout.rstrip("\n")


# The second word is what is printed when nobody has set the key. True and False come as Python writes them.
if jetpack("config", "demo.break", "False").lower() == "true":
    print("demo.break is set, so this node does not join", file=sys.stderr)
    sys.exit(3)

slots = int(jetpack("config", "demo.slots", "2"))
queues = sorted(json.loads(jetpack("config", "demo.queues", "--json")))

folder = Path(os.environ["JETPACK_HOME"], "system", "demo")
folder.mkdir(parents=True, exist_ok=True)
draft = folder / "worker.json.new"
draft.write_text(json.dumps({"slots": slots, "queues": queues}, indent=4) + "\n")
draft.replace(folder / "worker.json")

# People see this on the server.
jetpack("log", f"joined with {slots} slots for the queues {', '.join(queues)}")
