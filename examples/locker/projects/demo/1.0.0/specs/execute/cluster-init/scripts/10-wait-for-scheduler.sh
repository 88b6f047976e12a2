#!/bin/bash
# An execute node is of no use before its scheduler. The server tells when that is ready; nothing is polled.
set -euo pipefail

jetpack sync wait --role scheduler --phase ready --timeout 5m
