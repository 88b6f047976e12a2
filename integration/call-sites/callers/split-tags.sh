# One tag out of the one text that holds them all.
tags=$(jetpack config azure.metadata.compute.tags 2> /dev/null)
IFS=';' read -ra pairs <<< "$tags"
for pair in "${pairs[@]}"; do
  case "$pair" in Owner:*) echo "owner ${pair#Owner:}" ;; Url:*) echo "url ${pair#Url:}" ;; esac
done
