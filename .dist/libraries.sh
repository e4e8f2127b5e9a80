#!/bin/sh
# Copies the shared libraries that programs need to the same places in another root:
# libraries.sh ROOT PROGRAM...
set -eu
root=$1
shift
for program in "$@"; do
    ldd "$program" | sed -n 's|.*=> \(/[^ ]*\) .*|\1|p; s|^[[:blank:]]*\(/[^ ]*\) (.*|\1|p'
done | sort -u | while read -r library; do
    install -D -m 755 "$library" "$root$library"
done
