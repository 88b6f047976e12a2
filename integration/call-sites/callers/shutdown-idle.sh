# Asks to be ended, and looks at nothing but the exit code.
if jetpack shutdown --idle > /dev/null 2>&1; then echo "asked"; else echo "could not ask"; fi
jetpack shutdown --unhealthy > /dev/null && echo "asked again"
