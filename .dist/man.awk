# Makes a man page of what help.awk has read: `awk -f help.awk | awk -v name=ask -v version=0.1.0
# -v date=2026-01-31 -v also='herd load' -f man.awk`. NAME is the first sentence of the description.

# Text as roff has it: what looks like an option is bold and keeps its hyphens, as does `code`.
function roff(text,    words, n, i, out, word, tail) {
    gsub(/\\/, "\\e", text)
    n = split(text, words, " ")
    for (i = 1; i <= n; i++) {
        word = words[i]
        if (match(word, /^\(?--?[A-Za-z][A-Za-z-]*/)) {
            tail = substr(word, RLENGTH + 1); word = substr(word, 1, RLENGTH)
            sub(/^\(?/, "&\\fB", word)
            gsub(/-/, "\\-", word)
            word = word "\\fR" tail
        } else if (word ~ /\/|^[A-Za-z0-9._]*-[A-Za-z0-9._-]*\.[a-z]/) gsub(/-/, "\\-", word)
        out = out (i > 1 ? " " : "") word
    }
    while (match(out, /`[^`]*`/))
        out = substr(out, 1, RSTART - 1) "\\fB" substr(out, RSTART + 1, RLENGTH - 2) "\\fR" substr(out, RSTART + RLENGTH)
    return out
}
# Begins no line with what roff would take for a request.
function say(line) { sub(/^[.']/, "\\\\\\&&", line); print line }

# An option with its value, or a word.
function term(text,    words, n, i, out) {
    n = split(text, words, " ")
    gsub(/\\/, "\\e", text)
    if (text !~ /^-/) { gsub(/-/, "\\-", text); return "\\fB" text "\\fR" }
    for (i = 1; i <= n; i++) {
        gsub(/-/, "\\-", words[i])
        if (words[i] ~ /^\\-.*,$/) words[i] = "\\fB" substr(words[i], 1, length(words[i]) - 1) "\\fR,"
        else words[i] = (words[i] ~ /^\\-/ ? "\\fB" : "\\fI") words[i] "\\fR"
        out = out (i > 1 ? " " : "") words[i]
    }
    return out
}

# Capitals are what stands for something else; the rest is to be typed.
function call(text,    out, rest) {
    gsub(/\\/, "\\e", text)
    rest = text
    while (match(rest, /--?[a-z][a-z-]*|[A-Z][A-Z]*/)) {
        out = out substr(rest, 1, RSTART - 1)
        text = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
        if (text ~ /^-/) { gsub(/-/, "\\-", text); text = "\\fB" text "\\fR" }
        else text = "\\fI" text "\\fR"
        out = out text
    }
    return out rest
}

function begin(    first, sentence) {
    begun = 1
    sentence = description
    if (match(sentence, /[.:;]( |$)/)) sentence = substr(sentence, 1, RSTART - 1)
    first = substr(sentence, 1, 1)
    printf ".TH %s 1 \"%s\" \"herd %s\" \"Herd\"\n", toupper(name), date, version
    print ".nh\n.ad l"
    printf ".SH NAME\n%s \\- %s%s\n", name, tolower(first), roff(substr(sentence, 2))
    print ".SH SYNOPSIS"
    for (i = 1; i <= calls; i++) {
        if (i > 1) print ".br"
        say("\\fB" name "\\fR" call(substr(usage[i], length(name) + 1)))
    }
    print ".SH DESCRIPTION"
}

BEGIN { FS = "\t" }
$1 == "usage" { usage[++calls] = $2; next }
!begun { description = $2; begin() }
$1 == "section" { printf ".SH \"%s\"\n", toupper($2); next }
$1 == "text" { print ".PP"; say(roff($2)); next }
$1 == "item" { print ".TP"; say(term($2)); if ($3 != "") say(roff($3)); next }
$1 == "more" { print ".IP"; say(roff($2)) }
END {
    n = split(also, others, " ")
    print ".SH \"SEE ALSO\""
    for (i = 1; i <= n; i++) if (others[i] != name) printf ".BR %s (1),\n", others[i]
    print "/usr/share/doc/herd/README.md.gz"
}
