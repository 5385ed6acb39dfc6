"""What may be handed in, and what is told of what may not."""

import pytest

from handover.exchange import files
from handover.exchange.files import BadFile
from handover.exchange.pdf import is_encrypted
from tests.exchange.documents import LOCKED, pdf, streamed

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
NEWER = b"2 0 obj\n<< >>\nendobj\n"


@pytest.mark.parametrize(
    "locked",
    [
        LOCKED,
        pdf(trailer=b"/#45ncrypt 5 0 R"),
        pdf(trailer=b"/Info << /Title (\\( trailer ) >> /Encrypt << /Filter /Standard >>"),
        pdf(trailer=b"% a remark >>\n/Encrypt 5 0 R"),
        streamed(dictionary=b"/W [1 2 1] /Encrypt 5 0 R"),
        b"junk before it\n" + LOCKED,
        LOCKED.replace(b"startxref", b"startxxxx"),
        streamed(dictionary=b"/Encrypt 5 0 R").replace(b"startxref\n9", b"startxref\n8"),
    ],
)
def test_a_locked_pdf_is_known_by_its_trailer_or_its_cross_reference_stream(locked: bytes) -> None:
    assert is_encrypted(locked)


@pytest.mark.parametrize(
    "plain",
    [
        pdf(),
        streamed(),
        pdf(body=b"BT (Skriv /Encrypt i trailer << /Encrypt 5 0 R >>) Tj ET"),
        pdf(trailer=b"/Info << /Title (/Encrypt 5 0 R) /Encrypt (nothing) >>"),
        pdf(trailer=b"/Title (>> /Encrypt \\) 5) /Sub << /Encrypt 5 0 R >> /Names [/Encrypt]"),
        pdf(trailer=b"/Value /Encrypt"),
        pdf() + b"trailer << /Encrypt 5 0 R >>",
        streamed(dictionary=b"/Words (/Encrypt 5 0 R)"),
        LOCKED + NEWER + b"xref\n0 0\ntrailer\n<< /Size 3 >>\nstartxref\n%d\n%%%%EOF" % len(LOCKED + NEWER),
        b"%PDF-1.7\n/Encrypt",
        b"%PDF-1.7\nstartxref\n99999999\n",
        b"%PDF-1.7\ntrailer << " + b"<< " * 20_000,
        b"%PDF-1.7\ntrailer << /A (((((",
    ],
)
def test_a_pdf_that_only_speaks_of_locks_is_not_locked(plain: bytes) -> None:
    assert not is_encrypted(plain)


def test_a_pdf_as_other_programs_write_it_is_not_locked() -> None:
    typst = pytest.importorskip("typst")
    assert not is_encrypted(typst.compile(b"Skriv `/Encrypt` i trailer."))


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("tom.pdf", b"", "file.empty"),
        ("stor.pdf", pdf() + bytes(files.MAX_FILES_BYTES), "file.too-large"),
        ("brev.pdf", b"MZ\x90\x00" + bytes(200), "file.type"),
        ("skjema.pdf", PNG, "file.other-type"),
        ("bilde.JPG", PNG, "file.other-type"),
        ("plan.pdf", LOCKED, "file.encrypted"),
    ],
)
def test_a_writer_is_told_why_a_file_is_not_kept(name: str, data: bytes, code: str) -> None:
    with pytest.raises(BadFile) as refused:
        files.checked(name, data)
    assert refused.value.stable_code == code


@pytest.mark.parametrize("name", ["bilde.png", "bilde", "", "scan.0412"])
def test_a_file_whose_name_says_nothing_else_is_what_it_holds(name: str) -> None:
    assert files.checked(name, PNG).content_type == "image/png"
