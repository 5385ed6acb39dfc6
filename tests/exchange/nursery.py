"""Forks the kill test's processes from one that has imported everything, so that what dies is back in a moment.

For each line of JSON on standard input it forks a process and writes its id.
"""

import json
import os
import signal
import sys

from tests.exchange import killable


def main() -> None:
    """Fork until standard input closes; the children live on."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            wanted = json.loads(line)
            killable.run(wanted["role"], wanted["environment"], wanted["log"], wanted["mark"])
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
