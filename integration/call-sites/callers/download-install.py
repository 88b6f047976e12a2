# As a Python installer does it: check_call in the folder of the packages, and an exception that it reports.
import os
import subprocess

os.mkdir("packages")
for package in ("ondemand-release-web-3.1-1.el8.noarch.rpm", "ondemand-release-web-4.0-1.el8.noarch.rpm"):
    try:
        subprocess.check_call(["jetpack", "download", package, "--project", "ondemand", "./"], cwd="packages", stderr=subprocess.DEVNULL)
        print(package, os.path.getsize(os.path.join("packages", package)) > 0)
    except subprocess.CalledProcessError as failed:
        print(package, "exit", failed.returncode)
print(os.listdir("packages"))
