#!/usr/bin/env bash
# avx512_symbols.sh NM OBJECT...: every function that the objects export lies in the namespace conv::avx512.
set -euo pipefail

exported=$("$1" -gC --defined-only "${@:2}" | grep -E '^[0-9a-f]+ [TWui] ')
grep -q "conv::avx512::" <<< "$exported" || { echo "expects functions of conv::avx512; got: $exported" >&2; exit 1; }
if others=$(grep -v ' segue::kernels::conv::avx512::' <<< "$exported"); then
  printf 'expects functions of segue::kernels::conv::avx512 alone; got also:\n%s\n' "$others" >&2
  exit 1
fi
