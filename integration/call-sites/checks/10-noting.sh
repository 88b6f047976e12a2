#!/bin/sh
# Leaves a line at every run, so that a test can tell that it ran.
echo "10-noting.sh" >> "$JETPACK_HOME/ran.noted"
