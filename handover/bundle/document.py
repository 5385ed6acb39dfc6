"""A frozen document as everybody sees it: preview, pages of both sides and the PDF show what `read` returns."""

from handover.bundle.fhir.view import Document, Entry, Heading, PartView, TopicView, read

__all__ = ["Document", "Entry", "Heading", "PartView", "TopicView", "read"]
