# What the scripts beside this one share. They set `indent` before, and have `work`, `failed`, `passed` and `server` after.
work=$(mktemp -d)
server=
one_processor=
if command -v taskset >/dev/null; then one_processor="taskset -c $(taskset -pc $$ | sed 's/.*[:,-] *//')"; fi
finish() {
    [ -n "$server" ] && kill -9 "$server" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1
failed=0 passed=0

# gives STATUS OUTPUT ERRORS COMMAND…: exit code, output as a whole, and a part of what is said on standard error (- for
# nothing at all).
gives() {
    local status=$1 output=$2 errors=$3
    shift 3
    local out err code
    out=$(timeout -k 1 300 "$@" 2>errors </dev/null)
    code=$?
    err=$(cat errors)
    local said=no
    if [ "$errors" = - ]; then
        [ -z "$err" ] && said=yes
    else
        [[ $err == *"$errors"* ]] && said=yes
    fi
    # shellcheck disable=SC2053 # a pattern
    if [ $code = "$status" ] && [[ $out == $output ]] && [ $said = yes ]; then
        passed=$((passed + 1))
        return
    fi
    echo "FAIL: ${*##*/} gave $code, expected $status"
    printf 'output:\n%s\nerrors:\n%s\n' "$out" "$err"
    failed=$((failed + 1))
}
right() { # right WHAT COMMAND…
    local what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else
        echo "FAIL: $what"
        failed=$((failed + 1))
    fi
}
wait_for() { # COMMAND…
    for _ in $(seq 500); do
        "$@" && return
        sleep 0.02
    done
    return 1
}
serve() { # IMAGE OPTIONS…
    : >serve_errors # of one that was before
    $one_processor "$indent" serve "$@" >served 2>serve_errors &
    server=$!
    wait_for grep -q serving serve_errors || { echo "FAIL: nothing serves" && cat serve_errors && exit 1; }
    process=$(sed -n 's/.*"process":\([0-9]*\).*/\1/p' "$1.token")
}
