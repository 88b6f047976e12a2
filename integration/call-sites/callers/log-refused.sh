# A level or a priority that there is none of.
jetpack log "text" --level=fatal 2> /dev/null; echo "level: $?"
jetpack log "text" --priority urgent 2> /dev/null; echo "priority: $?"
jetpack log 2> err; echo "no text: $? $(wc -l < err)"
