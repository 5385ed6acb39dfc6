"""A page with every macro on it, and the machine ends that the page's script talks to."""

from pathlib import Path
from threading import Lock

from flask import Blueprint, Flask, Response, render_template_string, request
from flask.typing import ResponseReturnValue

from handover import access
from handover.actors import Role
from handover.errors import Invalid
from handover.web.forms import REFUSED, Form
from handover.web.parts import Filter, NextStep, Step, StepState

PAGE = (Path(__file__).parent / "gallery.html").read_text()
STEPS = (
    Step(title="Sendt", state=StepState.DONE, detail="Tirsdag 10. november kl. 09.12 · Tone Berg"),
    Step(title="Kommet fram til Fjordheim DPS", state=StepState.DONE, detail="Tirsdag 10. november kl. 09.12"),
    Step(title="Blir vurdert", state=StepState.NOW, detail="Inntaksmøtet er tirsdag 24. november."),
    Step(title="Svar", state=StepState.LATER, detail="Senest tirsdag 24. november."),
    Step(title="Første time", state=StepState.LATER),
)
FILTERS = (
    Filter(text="Trenger handling", url="?f=act", count=5, is_current=True),
    Filter(text="Ingen har tatt", url="?f=none", count=1),
    Filter(text="Ferdig", url="?f=done"),
)
LATE = NextStep(
    now="Fjordheim DPS vurderer henvisningen",
    by="Du får svar senest tirsdag 24. november (1 virkedag igjen).",
    act="DPS har ansvaret nå. Du trenger ikke å gjøre noe.",
)


class Drafts:
    """What the page's script saved, and what is new."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.saved: list[dict[str, str]] = []
        self.news = False


def add_to(app: Flask) -> Drafts:
    """Put the gallery on an application."""
    drafts, gallery = Drafts(), Blueprint("gallery", __name__)

    @gallery.get("/test/gallery")
    @access.signed_in
    def show() -> ResponseReturnValue:
        return _page(Form.of({"name": "<Kari>", "helpers": ["gp"], "urgency": "normal"}))

    @gallery.post("/test/gallery")
    @access.signed_in
    def send() -> ResponseReturnValue:
        why = Invalid(
            "x", fields={"name": ["required"], "born": ["date"], "urgency": ["choice"], "joins": ["choice"]}
        )
        return _page(Form.refused(request.form, why, {})), REFUSED

    @gallery.post("/test/draft")
    @access.signed_in
    def save() -> ResponseReturnValue:
        with drafts.lock:
            drafts.saved.append(request.form.to_dict())
        return "", 204

    @gallery.get("/test/news")
    @access.quiet
    @access.signed_in
    def news() -> ResponseReturnValue:
        etag = '"2"' if drafts.news else '"1"'
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers={"ETag": etag})
        return {"text": "1 ny sak – vis"}, 200, {"ETag": etag}

    @gallery.get("/test/keys")
    @access.step_up
    @access.allow(Role.SECURITY_OFFICER)
    def keys() -> ResponseReturnValue:
        return "for security officers"

    app.register_blueprint(gallery)
    return drafts


def _page(form: Form) -> str:
    return render_template_string(PAGE, form=form, steps=STEPS, filters=FILTERS, late=LATE)
