#!/bin/sh
# A plugin as a shell script: it reads a file that valvecfg writes for it, reads it again when it gets a SIGHUP, and says
# whether it runs what it has read.
#
#     plugin.sh STORE SETTINGS.env PID_FILE
#
# In the manifest:
#
#     [plugins.valve]
#     render = [{ path = "/run/valve/settings.env" }]
#     notify = [{ signal = "SIGHUP", pid-file = "/run/valve/pid" }]
#     acknowledges = true
set -u
store=$1 settings=$2 pid_file=$3
valvecfg=${VALVECFG:-valvecfg}

take_up() {
    # Asked for before the settings are read: what is read is never older.
    revision=$("$valvecfg" -C "$store" history --plugin valve -n 1 --json | sed 's/^{"id":"\([0-9a-f]*\)".*/\1/')
    # The file is valvecfg's own, and only its owner can write it.
    . "$settings"
    if [ "${VALVE_THRESHOLD}" -gt 90 ]; then
        "$valvecfg" -C "$store" applied valve "$revision" --error "the sensor ends at 90 %" >/dev/null
        echo "refused, the sensor ends at 90 %"
    else
        "$valvecfg" -C "$store" applied valve "$revision" >/dev/null
        echo "open below $VALVE_THRESHOLD %"
    fi
}

# First the handler, then the pid file: a SIGHUP without a handler would end the process.
told=
trap 'told=yes' HUP
trap 'rm -f "$pid_file"; exit 0' TERM
echo $$ >"$pid_file"
take_up
while :; do
    if [ -n "$told" ]; then
        told=
        take_up
    fi
    # `wait` ends when a signal comes, `sleep` does not. One that comes just before `wait` is heard a second later.
    sleep 1 &
    wait $!
done
