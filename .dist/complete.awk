# Makes the completion of a program of what help.awk has read: `awk -f help.awk | awk -v name=ask
# -v shell=bash -v herds='goloman alford riley' -f complete.awk`, for bash, zsh or fish. What an option
# takes is known by the word for its value (FILE, DIR, NAME|FILE), or by the few words that its text
# lists; what else it takes is not guessed. The names of servers are asked of `ask --list`.

# The words that an option's text lists: "...: legacy or new", "...: some of report,forget".
function listed(text) {
    gsub(/ *\([^)]*\)/, "", text)
    if (!match(text, /: (some of )?[a-z-]+((, ?| or )[a-z-]+)+$/)) return ""
    text = substr(text, RSTART + 2)
    sub(/^some of /, "", text)
    gsub(/, ?| or /, " ", text)
    return text
}
# What is shown beside an option: no quotes, and no more than says what it is.
function brief(text) {
    if (match(text, /[;:(]/)) text = substr(text, 1, RSTART - 1)
    gsub(/['"\\\[\]$`]/, "", text)
    sub(/[ ,.]+$/, "", text)
    return text
}
function kind(value, words) {
    if (value == "") return "none"
    if (value == "NAME|FILE") return "herd"
    if (value == "DIR") return "folder"
    if (value == "FILE" || value == "PEM") return "file"
    return words != "" ? "words" : "any"
}

BEGIN { FS = "\t"; first = herds; sub(/ .*/, "", first) }
$1 == "usage" {
    # What the call begins with, but for what may be left out.
    call = $2
    gsub(/\[[^\]]*\]/, "", call)
    split(call, parts, " ")
    n = parts[2] ~ /^[a-z|]+$/ ? split(parts[2], parts, "|") : 0
    for (i = 1; i <= n; i++) if (!(parts[i] in known)) { known[parts[i]]; commands = commands (commands == "" ? "" : " ") parts[i] }
    if (" " $2 ~ /[ \[]SERVER/) servers = 1
}
$1 == "item" && $2 ~ /^-/ {
    o++
    n = split($2, parts, /,? +/)
    for (i = 1; i <= n; i++) {
        if (parts[i] ~ /^--/) long[o] = parts[i]
        else if (parts[i] ~ /^-/) short[o] = parts[i]
        else value[o] = parts[i]
    }
    words[o] = listed($3); takes[o] = kind(value[o], words[o]); says[o] = brief($3)
    many[o] = $3 ~ /more than once/
    if (takes[o] == "herd") herd_option = 1
}
END { if (shell == "bash") bash(); else if (shell == "zsh") zsh(); else fish() }

function spelt(i) { return short[i] == "" ? long[i] : short[i] "|" long[i] }

function bash(    i, all, plain) {
    print "# Completion of " name " in bash, made from its --help."
    print "_" name "() {"
    print "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} herd=" first " i server"
    print "    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi"
    print "    COMPREPLY=()"
    print "    case $prev in"
    for (i = 1; i <= o; i++) {
        all = all (i > 1 ? " " : "") (short[i] == "" ? "" : short[i] " ") long[i]
        if (takes[i] == "any") plain = plain (plain == "" ? "" : "|") spelt(i)
        else if (takes[i] != "none") printf "    %s) %s; return ;;\n", spelt(i), generated(i)
    }
    if (plain != "") print "    " plain ") return ;;"
    print "    esac"
    print "    if [[ $cur == -* ]]; then"
    print "        " compgen("-W '" all "'")
    if (commands != "") print "    elif ((COMP_CWORD == 1)); then\n        " compgen("-W '" commands "'")
    if (servers) {
        print "    else"
        if (herd_option) {
            print "        for ((i = 1; i < COMP_CWORD; i++)); do"
            print "            if [[ ${COMP_WORDS[i]} == @(-H|--herd) ]]; then"
            print "                herd=${COMP_WORDS[i + 1]}"
            print "                [[ $herd != = ]] || herd=${COMP_WORDS[i + 2]}"
            print "            fi"
            print "        done"
        }
        # Not by -W, which would run what looks like a command in a name.
        print "        while read -r server _; do"
        print "            [[ $server != \"$cur\"* ]] || COMPREPLY+=(\"$(printf %q \"$server\")\")"
        print "        done < <(ask --herd \"$herd\" --list 2>/dev/null)"
    } else if (commands != "") print "    else\n        compopt -o filenames; " compgen("-f")
    print "    fi"
    print "}"
    print "complete -F _" name " " name
}
function compgen(what) { return "mapfile -t COMPREPLY < <(compgen " what " -- \"$cur\")" }
function generated(i) {
    if (takes[i] == "words") return compgen("-W '" words[i] "'")
    return "compopt -o filenames; " compgen(takes[i] == "folder" ? "-d" : takes[i] == "herd" ? "-f -W '" herds "'" : "-f")
}

function zsh(    i, spec) {
    print "#compdef " name
    print "# Completion of " name " in zsh, made from its --help."
    if (herd_option) {
        print "_" name "_herd() {"
        print "    _alternative 'herds:herd:(" herds ")' 'files:herd file:_files'"
        print "}"
    }
    if (servers) {
        print "_" name "_server() {"
        print "    local herd=${opt_args[--herd]:-${opt_args[-H]:-" first "}}"
        print "    local -a servers"
        print "    servers=(${(f)\"$(ask --herd $herd --list 2>/dev/null | cut -d ' ' -f 1)\"})"
        print "    compadd -a servers"
        print "}"
    }
    print "local curcontext=$curcontext"
    print "typeset -A opt_args"
    printf "_arguments -s -S"
    for (i = 1; i <= o; i++) {
        spec = (takes[i] == "none" ? "[" : "=[") says[i] "]"
        if (takes[i] != "none") spec = spec ":" value[i] ":"
        if (takes[i] == "file") spec = spec "_files"
        if (takes[i] == "folder") spec = spec "_files -/"
        if (takes[i] == "herd") spec = spec "_" name "_herd"
        if (takes[i] == "words") spec = spec "(" words[i] ")"
        if (short[i] == "") printf " \\\n    '%s%s%s'", many[i] ? "*" : "", long[i], spec
        else printf " \\\n    '(%s %s)'{%s%s,%s}'%s'", short[i], long[i], short[i], takes[i] == "none" ? "" : "+", long[i] (takes[i] == "none" ? "" : "="), substr(spec, takes[i] == "none" ? 1 : 2)
    }
    if (commands != "") printf " \\\n    '1:command:(" commands ")'"
    if (servers) printf " \\\n    '*:server:_" name "_server'"
    else if (commands != "") printf " \\\n    '*:file:_files'"
    print ""
}

function fish(    i, line) {
    print "# Completion of " name " in fish, made from its --help."
    if (servers) {
        print "function __" name "_servers"
        print "    set -l herd " first
        if (herd_option) {
            print "    set -l words (commandline -opc)"
            print "    for i in (seq (count $words))"
            print "        switch $words[$i]"
            print "            case -H --herd"
            print "                set -q words[(math $i + 1)]; and set herd $words[(math $i + 1)]"
            print "            case '--herd=*'"
            print "                set herd (string sub -s 8 -- $words[$i])"
            print "        end"
            print "    end"
        }
        print "    ask --herd $herd --list 2>/dev/null | string split -f 1 ' '"
        print "end"
    }
    if (servers) print "complete -c " name " -f -a '(__" name "_servers)'"
    else if (commands == "") print "complete -c " name " -f"
    if (commands != "") print "complete -c " name " -f -n '__fish_use_subcommand' -a '" commands "'"
    for (i = 1; i <= o; i++) {
        line = "complete -c " name
        if (short[i] != "") line = line " -s " substr(short[i], 2)
        line = line " -l " substr(long[i], 3) " -d '" says[i] "'"
        if (takes[i] == "file") line = line " -r -F"
        if (takes[i] == "folder") line = line " -x -a '(__fish_complete_directories)'"
        if (takes[i] == "herd") line = line " -r -F -a '" herds "'"
        if (takes[i] == "words") line = line " -x -a '" words[i] "'"
        if (takes[i] == "any") line = line " -x"
        print line
    }
}
