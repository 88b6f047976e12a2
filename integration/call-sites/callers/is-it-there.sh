# Only where the command line is installed at all.
if ! command -v jetpack > /dev/null 2>&1; then
  echo "not a managed node"
  exit 0
fi
echo "managed node of $(jetpack config cyclecloud.config.web_server)"
