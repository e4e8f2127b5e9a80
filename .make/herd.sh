#!/bin/sh
# Starts and stops a herd and the stand-in in the background, from the top level: what `make herd`,
# `make demo` and `make stop` run. HERD names the herd; with CLASSIC=1 its servers serve the clients of
# the papers, with SECURE=1 they have keys, and nobody does anything without TLS or a token. A demo has
# CLIENTS that walk, SPEED_UP times as fast as people do. Needs nothing but POSIX tools and our own programs.
# Server names hold no white space, so that a list of them is a string with spaces.
set -euf

HERD=${HERD:-goloman}
case ${CLASSIC:-0} in 0) classic= ;; *) classic=--classic ;; esac
case ${SECURE:-0} in 0) secure= ;; *) secure=yes ;; esac
programs=${CARGO_TARGET_DIR:-target}/release
state=.herd
logs=logs
standin=places
standin_port=8443
walkers=walkers
CLIENTS=${CLIENTS:-500}
SPEED_UP=${SPEED_UP:-1}
# Seconds that each thing may take that is waited for; a clean stop takes less than TERM_SECONDS.
START_SECONDS=20
TERM_SECONDS=8
# For how long the token counts that is made for trying a herd out.
TOKEN_DAYS=7
# A process that was just forked is not yet the program it is to become.
FORK_SECONDS=1

fail() {
    printf 'make: %s\n' "$*" >&2
    exit 1
}

pause() {
    sleep 0.1 2>/dev/null || sleep 1
}

now() {
    date +%s
}

# The program that a process runs; nothing if it has ended.
program_of() {
    if [ -e /proc/self/exe ]; then
        # A program that was built anew meanwhile is called deleted.
        readlink "/proc/$1/exe" 2>/dev/null | sed 's/ (deleted)$//'
    else
        ps -o comm= -p "$1" 2>/dev/null
    fi
}

# Whether the process in NAME's pid file, left in $pid, is alive and one of ours.
runs() {
    pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
    case $pid in '' | *[!0-9]*) return 1 ;; esac
    case $(program_of "$pid") in */herd | */places | */load | herd | places | load) return 0 ;; esac
    return 1
}

# The names in the pid files, each on a line.
known() {
    set +f
    for file in "$state"/*.pid; do
        [ -e "$file" ] || continue
        name=${file##*/}
        printf '%s\n' "${name%.pid}"
    done
    set -f
}

# Stops the named ones that run and forgets them all. Says whom it stopped.
stop() {
    stopped=
    for name in "$@"; do
        runs "$name" && kill -TERM "$pid" 2>/dev/null && stopped="$stopped $name"
    done
    deadline=$(($(now) + TERM_SECONDS))
    for name in "$@"; do
        while runs "$name"; do
            if [ "$(now)" -ge "$deadline" ]; then
                printf 'make: %s does not stop within %s s: killed\n' "$name" "$TERM_SECONDS" >&2
                kill -KILL "$pid" 2>/dev/null || true
                deadline=$(($(now) + TERM_SECONDS))
            fi
            pause
        done
        rm -f "$state/$name.pid"
    done
    [ -z "$stopped" ] || printf 'stopped%s\n' "$stopped"
}

# launch NAME PROGRAM [ARGUMENT...]: in the background, out of the terminal's reach.
launch() {
    name=$1
    shift
    nohup "$@" </dev/null >"$logs/$name.out" 2>&1 &
    echo $! >"$state/$name.pid"
    launched="$launched $name"
    started=$(now)
}

# Who listens on a port, where a tool at hand can tell.
holder() {
    if command -v lsof >/dev/null; then
        holders=$(lsof -nP -t -iTCP:"$1" -sTCP:LISTEN 2>/dev/null | head -n 1)
    elif command -v ss >/dev/null; then
        holders=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*pid=\([0-9]*\).*/\1/p;q')
    else
        holders=
    fi
    [ -z "$holders" ] || printf 'process %s (%s)' "$holders" "$(ps -o args= -p "$holders")"
}

# gone NAME PORT...: says why NAME is not there, as far as can be known, and gives up.
gone() {
    name=$1
    shift
    why="$name did not come up"
    for port in "$@"; do
        taken=$(holder "$port")
        [ -z "$taken" ] || why="$why: port $port is taken by $taken"
    done
    printf -- '-- the end of %s (see also %s)\n' "$logs/$name.out" "$logs/$name.log" >&2
    tail -n 5 "$logs/$name.out" >&2
    fail "$why"
}

# Whether ADDRESS accepts connections, whatever is spoken there.
listens() {
    # shellcheck disable=SC2086
    ! "$programs/ask" --timeout 1 $trust "$1" </dev/null 2>&1 | grep -qF 'cannot connect'
}

# await_listening NAME ADDRESS
await_listening() {
    deadline=$((started + START_SECONDS))
    until listens "$2"; do
        if ! runs "$1" && [ "$(now)" -gt $((started + FORK_SECONDS)) ] ||
            [ "$(now)" -ge "$deadline" ]; then
            gone "$1" "${2##*:}"
        fi
        pause
    done
}

# await_links NAME ADDRESS: if it has just been started, until it says that all its links are up. Its
# log says so too, but what a server has to catch up may have put that file aside meanwhile.
await_links() {
    case " $launched " in
    *" $1 "*) ;;
    *) return 0 ;;
    esac
    deadline=$((started + START_SECONDS))
    until grep -q ': linked with all ' "$logs/$1.out"; do
        if ! runs "$1" && [ "$(now)" -gt $((started + FORK_SECONDS)) ]; then
            gone "$1" "${2##*:}"
        fi
        [ "$(now)" -lt "$deadline" ] ||
            fail "$1 is not linked with all its neighbours after $START_SECONDS s: see $logs/$1.log"
        pause
    done
}

start_standin() {
    runs "$standin" && return
    # Its log has no bound of its own.
    RUST_LOG=warn launch "$standin" "$programs/places" --dir "$state"
    await_listening "$standin" "127.0.0.1:$standin_port"
    runs "$standin" || gone "$standin" "$standin_port"
}

start_server() {
    runs "$1" && return
    # shellcheck disable=SC2086
    launch "$1" "$programs/herd" --herd "$herd_file" --log-dir "$logs" $classic $keyed -- "$1"
}

# Refuses to start what runs already, or a second herd.
refuse_another() {
    running=
    for name in $(known); do
        case $name in "$standin" | "$walkers") continue ;; esac
        if runs "$name"; then running="$running $name"; fi
    done
    [ -n "$running" ] || return 0
    before=$(cat "$state/herd" 2>/dev/null || echo another)
    [ "$before" = "$HERD${secure:+ with keys}" ] || fail "herd $before is running: make stop ends it"
    [ -z "$demo" ] || return 0
    for name in $names; do
        runs "$name" || return 0
    done
    fail "herd $HERD is running already: make stop ends it"
}

show_table() {
    places="the stand-in, https://127.0.0.1:$standin_port"
    [ -z "${GOOGLE_PLACES_API_KEY:-}" ] || places="Google, with GOOGLE_PLACES_API_KEY"
    served=${classic:+" ($classic)"}${secure:+" (with keys in $keys)"}
    printf '\nherd %s is up%s, make stop ends it; Places is %s\n\n' "$HERD" "$served" "$places"
    printf '%-12s %-22s %-8s %-24s %s\n' SERVER CLIENTS PROCESS LOG 'LINKED WITH'
    while read -r name address neighbours; do
        runs "$name" || gone "$name" "${address##*:}"
        printf '%-12s %-22s %-8s %-24s %s\n' \
            "$name" "$address" "$pid" "$logs/$name.log" "$neighbours"
    done <"$state/servers"
    if [ -n "$demo" ]; then
        runs "$walkers" || gone "$walkers"
        printf '%-12s %-22s %-8s %-24s\n' "$walkers" "$CLIENTS clients" "$pid" "$logs/$walkers.out"
    fi
    [ -z "$secure" ] || show_trust
    [ -z "$map" ] || printf '\nthe map: %s%s\n' "$map" "${secure:+"?token=$(cat "$token")"}"
}

# How to get in.
show_trust() {
    printf '\nfor %s days this token opens all doors; it is in %s, where ask and load read it:\n\n' \
        "$TOKEN_DAYS" "$token"
    cat "$token"
    printf '\n  %s/ask %s -H %s %s NEAR +34.07-118.45 100 10\n' \
        "$programs" "$trust" "$herd_file" "$(printf '%s\n' "$names" | head -n 1)"
    [ -z "$map" ] || printf '\na browser must trust %s to show the map\n' "$keys/ca.pem"
}

# The clients of a demo, once they report and all is well.
start_walkers() {
    # shellcheck disable=SC2086
    launch "$walkers" "$programs/load" --herd "$herd_file" $trust --walk "$CLIENTS" --speed-up "$SPEED_UP"
    deadline=$((started + START_SECONDS))
    for name in $names; do
        until grep -F "$name at " "$logs/$walkers.out" | grep -q ' answers$'; do
            if ! runs "$walkers" && [ "$(now)" -gt $((started + FORK_SECONDS)) ] ||
                [ "$(now)" -ge "$deadline" ]; then
                gone "$walkers"
            fi
            pause
        done
    done
}

# Shows a command for the reader to repeat, and what comes of it.
show() {
    printf '\n$ %s' "$programs/ask"
    printf ' %s' "$@"
    printf '\n'
    if answer "$@"; then printf '%s\n' "$said"; else "$programs/ask" "$@"; fi
}

# The answer to a command that is understood, in $said. A server with --classic closes behind it, which
# ask may take for too early.
answer() {
    said=$("$programs/ask" "$@" 2>/dev/null) || [ -n "$classic" ] || return 1
    case $said in 'AT '*) ;; *) return 1 ;; esac
}

# A report to the first server, the question to the last.
show_exchange() {
    first=$(printf '%s\n' "$names" | head -n 1)
    last=$(printf '%s\n' "$names" | tail -n 1)
    # shellcheck disable=SC2086
    show $trust -H "$herd_file" "$first" IAMAT kiwi +34.068930-118.445127 now
    # The report may still be on its way from server to server, behind much that is to be caught up.
    deadline=$(($(now) + START_SECONDS))
    # shellcheck disable=SC2086
    until answer $trust -H "$herd_file" "$last" WHATSAT kiwi 10 1; do
        [ "$(now)" -lt "$deadline" ] || break
        pause
    done
    # shellcheck disable=SC2086
    show $trust -H "$herd_file" "$last" WHATSAT kiwi 10 1
}

# Refuses a demo that could not be seen or could not go on.
refuse_demo() {
    [ -z "$classic" ] || fail "a demo keeps its connections: no CLASSIC=1"
    [ -n "$map" ] || fail "no server of herd $HERD has a map: give it a web_port in the herd file"
    if runs "$walkers"; then fail "the demo is running already: make stop ends it"; fi
}

# Of the herd one with ports for TLS, its keys, and a token for trying it out. Keys that are there stay.
# What is made here has no white space in its name, so that $trust is words.
secure() {
    [ -z "$classic" ] || fail "the clients of the papers know no tokens: no CLASSIC=1 with SECURE=1"
    called=$(printf '%s' "$HERD" | tr -c 'A-Za-z0-9._-' '_')
    herd_file="$state/secure-$called.json"
    keys="$state/keys-$called"
    token="$state/token"
    "$programs/ask" --herd "$HERD" --secure >"$herd_file" || exit 1
    [ -e "$keys" ] || "$programs/herdca" new "$keys" --herd "$herd_file" || exit 1
    rm -f "$token"
    # Its number, which revokes it, goes where else the tool speaks.
    (umask 077 && "$programs/herdca" token "$keys" --name "make-herd" --clients '*' \
        --may report,forget,ask,watch,status --days "$TOKEN_DAYS" >"$token" 2>"$logs/herdca.out") || {
        cat "$logs/herdca.out" >&2
        exit 1
    }
    trust="--ca $keys/ca.pem --token-file $token"
    keyed="--keys $keys --require-tokens"
}

start() {
    mkdir -p "$state" "$logs"
    herd_file=$HERD
    trust=
    keyed=
    "$programs/ask" --herd "$HERD" --list >"$state/listed" || exit 1
    names=$(cut -d ' ' -f 1 "$state/listed")
    map=$("$programs/ask" --herd "$HERD" --maps | sed -n '1s/.* //p')
    refuse_another
    if [ -n "$demo" ]; then refuse_demo; fi
    if [ -n "$secure" ]; then
        secure
        # shellcheck disable=SC2086
        "$programs/ask" --herd "$herd_file" $trust --list >"$state/listed"
        # shellcheck disable=SC2086
        map=$("$programs/ask" --herd "$herd_file" $trust --maps | sed -n '1s/.* //p')
    fi
    mv "$state/listed" "$state/servers"
    printf '%s\n' "$HERD${secure:+ with keys}" >"$state/herd"

    launched=
    started=$(now)
    # shellcheck disable=SC2086
    trap 'status=$?; trap - EXIT; [ $status -eq 0 ] || stop $launched; exit $status' EXIT
    trap 'exit 130' INT TERM
    start_standin
    for name in $names; do
        start_server "$name"
    done
    while read -r name address neighbours; do
        await_listening "$name" "$address"
    done <"$state/servers"
    while read -r name address neighbours; do
        [ -z "$neighbours" ] || await_links "$name" "$address"
    done <"$state/servers"
    if [ -n "$demo" ]; then
        start_walkers
    else
        show_exchange || fail "the herd is up but does not answer as it should"
    fi
    show_table
}

demo=
case ${1:-} in
start) start ;;
demo)
    demo=yes
    start
    ;;
stop)
    # shellcheck disable=SC2046
    stop $(known)
    rm -f "$state/token"
    [ -n "$stopped" ] || echo 'nothing that make herd or make demo started is running'
    ;;
*) fail 'usage: herd.sh start|demo|stop' ;;
esac
