#!/bin/bash
# No test: what the execute nodes run.
exit 1
