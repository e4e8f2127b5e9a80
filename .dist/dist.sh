#!/bin/sh
# Makes what is handed out of programs that are built: dist.sh PROGRAMS OUT, from the top level. PROGRAMS
# is the folder where they are, OUT is made anew:
#
#   OUT/root         the files of the package, as they are to be installed: programs, man pages and
#                    completions (made of what --help prints), units, /etc
#   OUT/*.deb        the Debian package of them, of what Cargo.toml says in [package.metadata.deb]
#   OUT/container    a recipe for a container, and its files
#
# The same sources, compiler and SOURCE_DATE_EPOCH give the same bytes. DEB_COMPRESSION=none is for tests.
# Without dpkg-deb there is no package, and it is said. Needs else what every Unix with a C compiler has.
set -eu
export LC_ALL=C TZ=UTC0
umask 022

programs=$1
out=$2
dist=.dist
compression=${DEB_COMPRESSION:-xz}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

fail() {
    printf 'dist: %s\n' "$*" >&2
    exit 1
}

# toml SECTION FIELD: what Cargo.toml says there.
toml() {
    sed -n "/^\[$1\]/,/^\[[^]]*\]\$/s/^$2 = \"\(.*\)\"\$/\1/p" Cargo.toml
}
deb() {
    toml package.metadata.deb "$1"
}
# A field of several lines.
deb_text() {
    sed -n "/^$1 = \"\"\"\$/,/^\"\"\"\$/p" Cargo.toml | sed '1d; $d'
}
date_as() {
    date -u -d "@$SOURCE_DATE_EPOCH" "+$1"
}

version=$(toml package version)
names=$(sed -n '/^\[\[bin\]\]/,/^$/s/^name = "\(.*\)"$/\1/p' Cargo.toml)
root=$out/root

# file MODE SOURCE TARGET: in the tree.
file() {
    install -D -m "$1" "$2" "$root/$3"
}
zipped() {
    mkdir -p "$root/${1%/*}"
    gzip -9n >"$root/$1"
    chmod 644 "$root/$1"
}

# The man page of a program and its completions, by its own words.
words_of() {
    "$programs/$1" --help | awk -f $dist/help.awk >"$out/help"
    # shellcheck disable=SC2086
    awk -v name="$1" -v version="$version" -v date="$(date_as %F)" -v also="$(echo $names)" \
        -f $dist/man.awk "$out/help" | zipped "usr/share/man/man1/$1.1.gz"
    for place in bash:bash-completion/completions/$1 zsh:zsh/vendor-completions/_$1 \
        fish:fish/vendor_completions.d/$1.fish; do
        # shellcheck disable=SC2086
        awk -v name="$1" -v shell="${place%%:*}" -v herds="$(echo $herds)" -f $dist/complete.awk \
            "$out/help" >"$out/completion"
        file 644 "$out/completion" "usr/share/${place#*:}"
    done
    rm -f "$out/help" "$out/completion"
}

# Who may do what with it, and which libraries are in it under which licences.
licences() {
    { cat $dist/debian/copyright && tail -n +3 LICENSE-MIT | sed 's/^$/./; s/^/ /'; } >"$out/copyright"
    file 644 "$out/copyright" usr/share/doc/herd/copyright
    cargo tree --quiet --locked --offline --edges normal --prefix none --format '{p}: {l}' >"$out/libraries"
    sed '/^herd /d; s/ (\*)$//; s/ (proc-macro)//' "$out/libraries" | sort -u >"$out/sorted"
    file 644 "$out/sorted" usr/share/doc/herd/libraries
    rm "$out/copyright" "$out/libraries" "$out/sorted"
}

stage() {
    herds=$("$programs/herd" --help | sed -n '/^Built-in herds:/,/^$/s/^ *\([a-z]*\)$/\1/p')
    for name in $names; do
        file 755 "$programs/$name" "usr/bin/$name"
        strip --remove-section=.comment --remove-section=.note "$root/usr/bin/$name"
        words_of "$name"
    done
    file 644 "$dist/etc/herd.json" etc/herd/herd.json
    file 644 "$dist/etc/default" etc/default/herd
    file 644 "$dist/systemd/herd@.service" usr/lib/systemd/system/herd@.service
    file 644 "$dist/systemd/herd@.socket" usr/lib/systemd/system/herd@.socket
    file 755 "$dist/systemd/herd-sockets" usr/lib/systemd/system-generators/herd-sockets
    file 644 "$dist/systemd/sysusers.conf" usr/lib/sysusers.d/herd.conf
    zipped usr/share/doc/herd/README.md.gz <README.md
    licences
    zipped usr/share/doc/herd/changelog.gz <<end
herd ($version) unstable; urgency=medium

  * What has changed is in the history of the sources.

 -- $(deb maintainer)  $(date_as '%a, %d %b %Y %H:%M:%S +0000')
end
}

# The least versions of the libraries that the programs are linked with: glibc's by its symbols.
libraries() {
    least=$(cat "$root"/usr/bin/* | grep -ao 'GLIBC_2\.[0-9.]*' | sort -Vu | tail -n 1)
    printf 'libc6 (>= %s), libgcc-s1' "${least#GLIBC_}"
}

package() {
    tree=$out/tree
    cp -a "$root" "$tree"
    mkdir "$tree/DEBIAN"
    for script in postinst prerm postrm; do
        install -m 755 "$dist/debian/$script" "$tree/DEBIAN"
    done
    (cd "$tree" && find etc -type f | sed 's|^|/|' | sort) >"$tree/DEBIAN/conffiles"
    (cd "$tree" && find etc usr -type f | sort | tr '\n' '\0' | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    {
        printf 'Package: herd\nVersion: %s\nArchitecture: %s\n' "$version" "$(dpkg --print-architecture)"
        printf 'Maintainer: %s\nSection: %s\nPriority: %s\n' \
            "$(deb maintainer)" "$(deb section)" "$(deb priority)"
        printf 'Depends: %s\n' "$(deb depends | sed "s/\\\$auto/$(libraries)/")"
        printf 'Installed-Size: %s\n' "$(du -ks --apparent-size "$root" | cut -f 1)"
        printf 'Description: %s\n' "$(toml package description)"
        deb_text extended-description | sed 's/^$/./; s/^/ /'
    } >"$tree/DEBIAN/control"
    find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Z"$compression" --build "$tree" "$out" >/dev/null
    rm -rf "$tree"
}

# The recipe, and what it copies: the program with its libraries, who nobody is, how names are looked up,
# the example, which listens to all, and folders that nobody may write to.
container() {
    files=$out/container/root
    sh $dist/libraries.sh "$files" "$root/usr/bin/herd"
    install -D -m 755 "$root/usr/bin/herd" "$files/usr/bin/herd"
    mkdir -p "$files/etc/herd" "$files/usr/share/doc/herd" "$out/container/var/lib/herd" "$out/container/var/log/herd"
    echo 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' >"$files/etc/passwd"
    echo 'nogroup:x:65534:' >"$files/etc/group"
    echo 'hosts: files dns' >"$files/etc/nsswitch.conf"
    sed 's/"host": "127.0.0.1"/"host": "localhost", "listen": "0.0.0.0"/' $dist/etc/herd.json >"$files/etc/herd/herd.json"
    cp "$root/usr/share/doc/herd/copyright" "$root/usr/share/doc/herd/libraries" "$files/usr/share/doc/herd"
    echo 'glibc: LGPL-2.1-or-later; libgcc: GPL-3.0 with the GCC Runtime Library Exception' >>"$files/usr/share/doc/herd/libraries"
    cp $dist/container/Containerfile "$out/container"
    find "$out/container" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

[ -x "$programs/herd" ] || fail "there are no programs in $programs: cargo build --release --bins"
rm -rf "$out"
mkdir -p "$root"
stage
container
if command -v dpkg-deb >/dev/null; then
    package
else
    echo 'dist: no Debian package: dpkg-deb is missing' >&2
fi
find "$out" -maxdepth 1 -name '*.deb' -exec echo 'dist: made' {} ';'
echo "dist: made $out/container, $(find "$root/usr/share/man" -type f | wc -l) man pages and completions in $root"
