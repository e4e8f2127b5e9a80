# Reads what a program prints for --help and says a line for each thing in it, of which the man page
# and the completions are made: what it is, and its parts, with tabs between.
#
#   usage TEXT          one way to call it
#   section TITLE       what follows belongs to "Options", "Exit status", ...; before all is the description
#   text TEXT           a paragraph
#   item TERM TEXT      an option, a command, a variable, an exit status, and what is said of it
#   more TEXT           a further paragraph about that item
#
# The shapes are those of getopts (text from column 24 on, or on the lines below the option) and of
# what our programs write beside it (text two blanks or more behind the term).

function flush() {
    if (kind == "item") print "item\t" term "\t" text
    else if (kind != "") print kind "\t" text
    kind = text = ""
}
function add(words) { text = text (text == "" || words == "" ? "" : " ") words }
function trimmed(s) { sub(/^ +/, "", s); sub(/ +$/, "", s); return s }
function indent(s) { match(s, /^ */); return RLENGTH }

# Begins an item: its term ends before the text, which may be on the lines below.
function item(line,    at, rest, before) {
    flush()
    kind = "item"; from = indent(line); before = column; column = 0
    at = match(substr(line, from + 1), /[^ ]  +[^ ]/)
    if (at) {
        term = substr(line, from + 1, at)
        column = from + at + RLENGTH - 2
        text = substr(line, column + 1)
        return
    }
    term = trimmed(line)
    # The longest of a table leaves one blank.
    if (before && line !~ /^ *-/ && substr(line, before - 1, 2) ~ /[^ ] /) {
        column = before
        term = trimmed(substr(line, 1, column)); text = substr(line, column + 1)
        return
    }
    # getopts leaves one blank before column 24 where the option just fits.
    rest = substr(line, 25)
    if (from <= 8 && line ~ /^ *-/ && substr(line, 24, 1) == " " && rest != "" && rest !~ /^[A-Z|]+$/) {
        term = trimmed(substr(line, 1, 24)); text = rest; column = 24
    }
}

/^Usage: / { in_usage = 1; print "usage\t" substr($0, 8); next }
in_usage && /^ / { print "usage\t" trimmed($0); next }
/^ *$/ { in_usage = 0; flush(); next }
/^[A-Z].*:$/ { in_usage = column = 0; flush(); print "section\t" substr($0, 1, length($0) - 1); next }
{
    in_usage = 0
    spaces = indent($0)
    of_item = (kind == "item" || kind == "more") && spaces > from && !(/^ *-/ && spaces <= 8)
    if (of_item) {
        if (kind == "item" && spaces < column) { flush(); kind = "more" }
        add(trimmed($0))
    } else if (spaces > 0 && spaces <= 8) item($0)
    else { if (kind != "text") flush(); kind = "text"; add(trimmed($0)) }
}
END { flush() }
