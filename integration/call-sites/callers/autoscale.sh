# Targets for the autoscaler, by number and from a file.
jetpack autoscale --corecount 64 --name execute > /dev/null && echo "cores"
jetpack autoscale --instancecount=2 --name=gpu > /dev/null && echo "machines"
cat > targets.json <<JSON
[{"Name": "execute", "TargetCoreCount": 128}]
JSON
jetpack autoscale -f targets.json > /dev/null && echo "file"
jetpack autoscale -f gone.json > /dev/null 2>&1 || echo "exit $?"
