# Under set -e: the message is thrown away, and a missing key is an empty word.
set -e
install_cub=$(jetpack config nvidia.cuda.cub.install_cub 2>/dev/null || true)
if [ -z "$install_cub" ]; then echo "nothing asked for"; else echo "cub: $install_cub"; fi
jetpack config nvidia.cuda.cub.version >/dev/null 2>&1 || :
echo "went on"
