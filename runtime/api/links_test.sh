#!/bin/sh
# The runtime runs where nothing else is: its shared object needs only glibc, and shows only its own functions.
set -eu
library=$1
needed=$(readelf --dynamic --wide "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
echo "$needed" | grep -q libc.so.6 || { echo "cannot read what $library needs"; exit 1; }
if echo "$needed" | grep -Ev '^(libc\.so\.6|libm\.so\.6|ld-linux-x86-64\.so\.2)$'; then
  echo "$library must not need these"
  exit 1
fi
symbols=$(readelf --dyn-syms --wide "$library" | awk '$7 != "UND" && $5 == "GLOBAL" { print $8 }')
for symbol in mlc_open mlc_run mlc_close; do
  echo "$symbols" | grep -qx "$symbol" || { echo "$library lacks $symbol"; exit 1; }
done
if echo "$symbols" | grep -v '^mlc_'; then
  echo "$library must not show these"
  exit 1
fi
