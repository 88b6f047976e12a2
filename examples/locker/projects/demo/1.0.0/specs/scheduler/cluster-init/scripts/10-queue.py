#!/usr/bin/env python3
"""Makes this node the scheduler: writes down the queues that the cluster's template asks for."""
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
    return done.stdout


# An object comes as it is; a single value or a list would come as {"demo.queues": ...}.
queues = json.loads(jetpack("config", "demo.queues", "--json"))

for name, queue in queues.items():
    slots = queue.get("slots")
    if not isinstance(slots, int) or slots < 1:
        print(f"demo.queues.{name}.slots is not a number of slots: {slots!r}", file=sys.stderr)
        sys.exit(1)

folder = Path(os.environ["JETPACK_HOME"], "system", "demo")
folder.mkdir(parents=True, exist_ok=True)
draft = folder / "queues.json.new"
draft.write_text(json.dumps(queues, indent=4) + "\n")
draft.replace(folder / "queues.json")
print(f"wrote {folder / 'queues.json'}: {', '.join(sorted(queues))}")
