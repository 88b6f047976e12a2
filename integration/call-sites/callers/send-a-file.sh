# A message of one's own: out of a file, a here-document, an argument.
printf '{"system": "grid", "ports": [6444, 6445]}' > body.json
jetpack send --routing-key status.gridengine --file body.json && echo "file"
jetpack send -r status.gridengine --file - < body.json && echo "input"
jetpack send -r status.gridengine -f - <<TEXT && echo "here-document"
line of a here-document with $HOME_OF_NOBODY
TEXT
jetpack send "a text" -r status.gridengine && echo "text"
