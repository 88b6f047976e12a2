"""What public scripts do with the files of a node: they read both with Python's own modules, and post to the server as it says there.

Its argument is the folder `config` of the node; it prints what came of it as JSON.
"""

import base64
import configparser
import datetime
import json
import os
import sys
import urllib.request

folder = sys.argv[1]
with open(os.path.join(folder, "connection.json")) as opened:
    connection = json.load(opened)

ini = configparser.ConfigParser()
ini.read(os.path.join(folder, "jetpack.ini"))
server = ini["cycle_server"]
identity = ini["identity"]


def post(url, username, password, text):
    message = {
        "cluster_name": identity["cluster_name"],
        "instance_id": identity["instance_id"],
        "cluster_session_id": identity.get("cluster_session_id"),
        "timestamp": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "type": "log",
        "data": {"level": "warn", "priority": "medium", "message": text},
    }
    request = urllib.request.Request(url + "/clusterlink/messages", json.dumps({"messages": [message]}).encode(), method="POST")
    request.add_header("content-type", "application/json")
    request.add_header("authorization", "Basic " + base64.b64encode((username + ":" + password).encode()).decode())
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return answer.status


json.dump(
    {
        "cluster": connection["cluster"],
        "identity": dict(identity),
        "same": [connection[name] for name in ("url", "username", "password")] == [server[name] for name in ("webserver", "api_username", "api_password")],
        "by connection.json": post(connection["url"], connection["username"], connection["password"], "read from connection.json"),
        "by jetpack.ini": post(server["webserver"], server["api_username"], server["api_password"], "read from jetpack.ini"),
    },
    sys.stdout,
)
