#!/usr/bin/env python3
"""A plugin in Python, with the standard library alone: it reads a file that valvecfg writes for it, reads it again when
it gets a SIGHUP, and says whether it runs what it has read.

    plugin.py STORE SETTINGS.json PID_FILE

In the manifest:

    [plugins.valve]
    render = [{ path = "/run/valve/settings.json" }]
    notify = [{ signal = "SIGHUP", pid-file = "/run/valve/pid" }]
    acknowledges = true
"""

import json
import os
import signal
import subprocess
import sys

VALVECFG = os.environ.get("VALVECFG", "valvecfg")


def latest(store):
    """The last revision that changed these settings. Asked for before they are read: what is read is never older."""
    command = [VALVECFG, "-C", store, "history", "--plugin", "valve", "-n", "1", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["id"]


def open_valves(settings):
    """What a real one would do to its valves."""
    for zone in settings["zones"]:
        if zone["flow"] > 40:
            raise ValueError(f"the pump gives 40 l/min, and zone {zone['name']} wants more")
    return f"{len(settings['zones'])} zones open below {settings['threshold']} %"


def take_up(store, path):
    revision = latest(store)
    answer = [VALVECFG, "-C", store, "applied", "valve", revision]
    try:
        with open(path, encoding="utf-8") as file:
            said = open_valves(json.load(file))
    except (OSError, ValueError, KeyError) as error:
        # It goes on with what it has.
        answer += ["--error", str(error)]
        said = f"refused, {error}"
    subprocess.run(answer, check=True, stdout=subprocess.DEVNULL)
    print(f"{revision[:8]}: {said}", flush=True)


def main():
    store, path, pid_file = sys.argv[1:]
    # First the handler, then the pid file: a SIGHUP without a handler would end the process.
    signals = {signal.SIGHUP, signal.SIGTERM}
    signal.signal(signal.SIGHUP, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with open(pid_file, "w", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    take_up(store, path)
    while signal.sigwait(signals) == signal.SIGHUP:
        take_up(store, path)
    os.unlink(pid_file)


if __name__ == "__main__":
    main()
