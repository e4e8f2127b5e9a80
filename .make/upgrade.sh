#!/bin/sh
# Builds the server of an earlier commit and has a herd that runs it upgraded to this one: `make upgrade`.
set -eu

commit=$(git rev-parse --verify --quiet "${1:-}^{commit}") || {
    echo "make: name the commit to upgrade from: make upgrade FROM=$(git rev-parse --short HEAD~1)" >&2
    exit 1
}
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
folder=$target/upgrade/$commit

if [ ! -x "$folder/herd" ]; then
    rm -rf "$folder"
    mkdir -p "$folder/source"
    git archive "$commit" | tar -x -C "$folder/source"
    cargo build --locked --bin herd --manifest-path "$folder/source/Cargo.toml" --target-dir "$target/upgrade/build"
    cp "$target/upgrade/build/debug/herd" "$folder/herd"
    rm -rf "$folder/source"
fi
git log -1 --format='upgrading from %h of %cs: %s' "$commit"
HERD_UPGRADE_FROM=$folder/herd cargo test --test daemon -- --ignored --exact --nocapture \
    versions::five_servers_of_an_earlier_commit_are_upgraded_under_load_and_nothing_is_lost
