"""The lifecycle as a page of documentation, printed from the table: `python -m handover.referral.picture`."""

import sys
from collections.abc import Iterator

from handover.referral.lifecycle import CODINGS, LIFECYCLE, Status, holder, next_mover

HEADER = """# Lifecycle of a referral

Printed from `handover/referral/lifecycle.py` by `python -m handover.referral.picture`; a test fails when it is not
current. Acts that change no status stand in the second table only.
"""


def page() -> str:
    """Return the whole page as Markdown with a Mermaid diagram."""
    return "\n".join([HEADER, *LIFECYCLE.diagram(), "", *_statuses(), "", *LIFECYCLE.table_of_acts(), ""])


def _statuses() -> Iterator[str]:
    yield "| status | FHIR Task.status / businessStatus | ServiceRequest | KITH 9148 | holds it | next move |"
    yield "|---|---|---|---|---|---|"
    for status in Status:
        coding = CODINGS[status]
        mover = next_mover(status)
        yield (
            f"| {status.value} | {coding.task} / {coding.business} | {coding.request} | {coding.kith or '-'}"
            f" | {_holds(status)} | {'nobody' if mover is None else mover.value} |"
        )


def _holds(status: Status) -> str:
    return "the new receiver" if status is Status.REDIRECTED else holder(status).value


if __name__ == "__main__":
    sys.stdout.write(page())
