"""Files as a form hands them in: each is kept, or named with what is wrong with it; none spoils the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from werkzeug.datastructures import FileStorage

from handover.errors import Invalid
from handover.exchange.files import MAX_FILES_BYTES, BadFile, bad
from handover.exchange.scanning import is_infected
from handover.exchange.words import FILES
from handover.web import node_database
from handover.web.forms import Form
from handover.web.i18n import Text
from handover.web.i18n import gettext as _

T = TypeVar("T")


class FilesRefused(BadFile):
    """Files that are not kept, by name; the others are. Its own code and field are those of the first."""

    def __init__(self, refused: Sequence[tuple[str, BadFile]]) -> None:
        super().__init__(refused[0][1].stable_code, fields=refused[0][1].fields)
        self.refused = tuple(refused)


class HandedIn:
    """The files of one form, read and looked through before any transaction begins.

    One that is too large by itself is read no further than to where that shows.
    """

    def __init__(self, sent: Iterable[FileStorage]) -> None:
        self.files = [(each.filename, each.read(MAX_FILES_BYTES + 1)) for each in sent if each.filename]
        self._infected = [data for _name, data in self.files if _is_infected(data)]
        self._refused: list[tuple[str, BadFile]] = []

    def keep(self, keep: Callable[[str, bytes], T]) -> list[T]:
        """Return what `keep` makes of each file; what it refuses is named by `check`."""
        kept = []
        for name, data in self.files:
            try:
                if data in self._infected:
                    raise bad("infected")
                kept.append(keep(name, data))
            except BadFile as refused:
                self._refused.append((name, refused))
        return kept

    def check(self) -> None:
        """Raise FilesRefused where a file was not kept; call it when the others are."""
        if self._refused:
            raise FilesRefused(self._refused)


def _is_infected(data: bytes) -> bool:
    return len(data) <= MAX_FILES_BYTES and is_infected(node_database(), data)


def named(form: Form, field: str, refused: Invalid, sentences: Mapping[str, Text]) -> Form:
    """Return the form with a sentence for each file that was not kept, beside the field they came in."""
    if not isinstance(refused, FilesRefused):
        return form
    said = " ".join(
        _("«%(name)s»: %(why)s", name=name, why=_why(each, field, sentences)) for name, each in refused.refused
    )
    return replace(form, errors={**form.errors, field: said})


def _why(refused: BadFile, field: str, sentences: Mapping[str, Text]) -> Text:
    code = refused.stable_code.removeprefix("file.")
    return sentences.get(f"{field}.{code}") or FILES[code]
