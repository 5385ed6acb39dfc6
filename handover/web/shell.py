"""The page shell: who is signed in for whom, the menu by role, the language switch, fingerprinted static files."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Blueprint, Flask, current_app, g, request, url_for
from flask.sansio.app import App
from werkzeug.exceptions import HTTPException

from handover.actors import Actor, Patient, Role, Staff
from handover.clock import now
from handover.web import dates
from handover.web.headers import request_id
from handover.web.i18n import LANGUAGES, Sentence
from handover.web.parts import Filter

_MENU: Final = "handover.menu"


@dataclass(frozen=True, kw_only=True)
class MenuItem:
    """One entry of the menu: shown to staff who hold one of the roles somewhere, or to patients."""

    endpoint: str
    text: Sentence
    order: int
    roles: frozenset[Role] = frozenset()
    for_patients: bool = False

    def is_for(self, actor: Actor | None) -> bool:
        """Whether this actor sees the entry."""
        if isinstance(actor, Patient):
            return self.for_patients
        return isinstance(actor, Staff) and any(actor.has(role) for role in self.roles)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """What the shell shows of a session: who, for which agency (patients: none), and when it ends."""

    actor: Actor | None
    name: str
    agency_name: str | None
    ends_at: datetime
    can_switch: bool = False
    asked: int = 0
    """How much is asked of a member of the staff: stands first in the title, and names nobody."""

    @property
    def seconds_left(self) -> int:
        """Seconds until the session ends by itself."""
        return int((self.ends_at - now()).total_seconds())


def sign_in(signed_in: SignedIn) -> None:
    """Tell the shell who is signed in, for the rest of this request (`access` does, before each one)."""
    g.handover_signed_in = signed_in


def signed_in() -> SignedIn | None:
    """Return who is signed in, as far as this request has found out."""
    found: SignedIn | None = g.get("handover_signed_in")
    return found


def sign_out() -> None:
    """Show the rest of this request as nobody's."""
    g.pop("handover_signed_in", None)


def add_menu_item(blueprint: Blueprint, item: MenuItem) -> None:
    """Put an entry in the menu of every application that the blueprint is registered on."""
    blueprint.record_once(lambda state: _menu(state.app).append(item))


def init_app(app: Flask) -> None:
    """Give templates the shell's values and the words for dates."""
    app.extensions.setdefault(_MENU, [])
    dates.init_app(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(asset=asset, csrf_field=lambda: "")
    app.context_processor(_shell_values)


def asset(name: str) -> str:
    """Return the address of a static file, with a fingerprint of its content so that it may be cached for ever."""
    return url_for("static", filename=name, v=_fingerprint(str(current_app.static_folder), name))


@cache
def _fingerprint(folder: str, name: str) -> str:
    return sha256((Path(folder) / name).read_bytes()).hexdigest()[:12]


def _shell_values() -> dict[str, Any]:
    session = signed_in()
    return {
        "signed_in": session,
        "menu": menu_for(session.actor if session else None),
        "languages": _language_links(),
        "request_id": request_id(),
    }


def _menu(app: Flask | App) -> list[MenuItem]:
    items: list[MenuItem] = app.extensions.setdefault(_MENU, [])
    return items


def menu_for(actor: Actor | None) -> list[Filter]:
    """Return the menu this actor sees, in order, with the present one marked."""
    shown = sorted((item for item in _menu(current_app) if item.is_for(actor)), key=lambda item: item.order)
    here = _item_here(shown)
    return [Filter(text=item.text, url=url_for(item.endpoint), is_current=item is here) for item in shown]


def _item_here(shown: list[MenuItem]) -> MenuItem | None:
    """Return the item of this page's blueprint whose address the page's begins with, or else its first item."""

    def shared(item: MenuItem) -> int:
        address = url_for(item.endpoint)
        return len(address) if request.path.startswith(address) else 0

    return max(
        (item for item in shown if item.endpoint.split(".")[0] == request.blueprint), key=shared, default=None
    )


def _language_links() -> dict[str, tuple[str, str]]:
    """Return tag -> (name, address of this page in that language)."""
    path, kept = (request.path, request.args.to_dict(flat=False)) if _is_page() else ("/", {})
    return {
        tag: (name, f"{quote(path)}?{urlencode({**kept, 'lang': tag}, doseq=True)}")
        for tag, name in LANGUAGES.items()
    }


def _is_page() -> bool:
    """Whether a GET of this address is a page too (the answer to a refused form has the form's address)."""
    if request.method in {"GET", "HEAD"}:
        return True
    try:
        current_app.create_url_adapter(request).match(method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return False
    return True
