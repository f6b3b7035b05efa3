# Completion of the indent command for bash. Installed with the program; to try it: source this file.
# Commands stand here; the options of each are asked of the program itself, so they are always its own.

_indent_commands="run repl test check doc open new serve eval load export sync image version"
_indent_image_commands="info log trust verify save-as compact recover turns show diff why what-if test-from step back fork lines name snapshot snapshots forget"

# Files that a command takes: with this ending (any file where it is empty), and the folders that lead to them.
_indent_files() {
    local word=$1 ending=$2
    compopt -o filenames 2>/dev/null
    compgen -d -- "$word"
    if [ -n "$ending" ]; then compgen -f -X "!*$ending" -- "$word"; else compgen -f -- "$word"; fi
}

_indent() {
    local program=$1 word=${COMP_WORDS[COMP_CWORD]} command= given=0 i
    COMPREPLY=()
    # The command is the first word that is no option; words after it are its own.
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ -n "$command" ]; then
            case ${COMP_WORDS[i]} in -*) ;; *) given=$((given + 1)) ;; esac
        else
            case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]} ;; esac
        fi
    done

    # What stands after the file that `run` was given belongs to the program.
    if [ "$command" = run ] && [ $given -gt 0 ]; then
        mapfile -t COMPREPLY < <(_indent_files "$word" "")
        return
    fi
    if [[ $word == -* ]]; then
        # shellcheck disable=SC2086 # no command means none is passed
        mapfile -t COMPREPLY < <(compgen -W \
            "$("$program" $command --help 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u)" \
            -- "$word")
        return
    fi
    case $command in
    "") mapfile -t COMPREPLY < <(compgen -W "$_indent_commands" -- "$word") ;;
    run | test | check) mapfile -t COMPREPLY < <(_indent_files "$word" .ind | sort -u) ;;
    load) mapfile -t COMPREPLY < <(_indent_files "$word" "$([ $given -gt 0 ] && echo .ind)" | sort -u) ;;
    image)
        if [ $given -gt 0 ]; then
            mapfile -t COMPREPLY < <(_indent_files "$word" "" | sort -u)
        else
            mapfile -t COMPREPLY < <(compgen -W "$_indent_image_commands" -- "$word")
        fi
        ;;
    open | new | repl | serve | eval | export | sync) mapfile -t COMPREPLY < <(_indent_files "$word" "" | sort -u) ;;
    esac
}

complete -F _indent indent
