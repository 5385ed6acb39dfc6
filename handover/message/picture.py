"""The lifecycle as a page of documentation, printed from the table: `python -m handover.message.picture`."""

import sys

from handover.message.lifecycle import LIFECYCLE

HEADER = """# Lifecycle of a message

Printed from `handover/message/lifecycle.py` by `python -m handover.message.picture`; a test fails when it is not
current. Acts that change no status stand in the table of acts only.

Each service in a thread has a copy of its own: what is *received* or *opened* there stays *sent* at the author,
who is told who opened it. A message that was sent by mistake vanishes where nobody has opened it. Where somebody
has, it is hidden at once, and a leader there confirms. It is *retracted* at the author when every receiver that it
reached has answered.
"""


def page() -> str:
    """Return the whole page as Markdown with a Mermaid diagram."""
    return "\n".join([HEADER, *LIFECYCLE.diagram(), "", *LIFECYCLE.table_of_acts(), ""])


if __name__ == "__main__":
    sys.stdout.write(page())
