"""PDF files of every kind that matters here: plain, locked, and plain ones that speak of locks."""

from typing import Final

EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""What every virus scanner calls a virus, and does nobody harm (eicar.org)."""


def pdf(*, trailer: bytes = b"", body: bytes = b"Hei") -> bytes:
    """Return a PDF with a cross-reference table and a trailer."""
    begun = b"%PDF-1.7\n1 0 obj\n<< /Length 9 >>\nstream\n" + body + b"\nendstream\nendobj\n"
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 2 " + trailer + b" >>\n"
    return begun + table + b"startxref\n%d\n%%%%EOF\n" % len(begun)


def streamed(*, dictionary: bytes = b"") -> bytes:
    """Return a PDF with a cross-reference stream in the place of table and trailer."""
    begun = b"%PDF-1.7\n"
    stream = b"7 0 obj\n<< /Type /XRef /Size 8 " + dictionary + b" /Length 1 >>\nstream\nx\nendstream\nendobj\n"
    return begun + stream + b"startxref\n%d\n%%%%EOF\n" % len(begun)


LOCKED: Final = pdf(trailer=b"/Encrypt 5 0 R /ID [<00ff> (a\\)b)]")
