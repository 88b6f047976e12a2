# A key file out of the configuration.
umask 077
jetpack config KEY > key.pem
head -1 key.pem
tail -1 key.pem
mapfile -t lines < <(jetpack config KEY)
echo "${#lines[@]} lines"
