#!/bin/sh
# Runs a test of the program where there is a GPU, which train.device = auto then takes; else it counts as skipped.
if ! nvidia-smi -L 2>/dev/null | grep -q '^GPU'; then
  echo "SKIPPED: no GPU"
  [ "${SEGUE_REQUIRE_GPU:-}" = 1 ] && exit 1
  exit 77
fi
exec "$@"
