"""Puts access on an application: the login providers of its settings, the guard, the login's pages."""

from flask import Flask

from handover.access import guard, pages
from handover.access.guard import AskedOf, Door, NameOfAgency, NameOfPatient
from handover.access.oidc import Provider
from handover.access.profiles import profile
from handover.config import Settings
from handover.keys.keyring import Keyring

CALLBACK = "/logg-inn/svar"


def init_app(
    app: Flask,
    settings: Settings,
    keyring: Keyring,
    *,
    name_of_agency: NameOfAgency,
    name_of_patient: NameOfPatient = lambda _session, _number: "",
    asked_of: AskedOf = lambda _session, _staff: 0,
) -> None:
    """Guard every route of the application. The node's client key is its first agency's."""
    the_door = Door(
        agencies=settings.agencies,
        providers=_providers(settings, keyring),
        node_url=settings.node_url,
        name_of_agency=name_of_agency,
        name_of_patient=name_of_patient,
        asked_of=asked_of,
    )
    app.config["PREFERRED_URL_SCHEME"] = "https" if the_door.is_https else "http"
    guard.init_app(app, the_door)
    app.register_blueprint(pages.blueprint)


def _providers(settings: Settings, keyring: Keyring) -> dict[str, Provider]:
    configured = {
        "staff": (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_preset, settings.oidc_acr),
        "citizen": (
            settings.citizen_issuer,
            settings.citizen_client_id,
            settings.citizen_preset,
            settings.citizen_acr,
        ),
    }
    key = keyring.of(settings.agencies[0]).client.key
    return {
        kind: Provider(
            profile(preset, acr=acr),
            issuer=issuer,
            client_id=client_id,
            key=key,
            redirect_uri=settings.node_url + CALLBACK,
            allow_http=settings.is_demo,
        )
        for kind, (issuer, client_id, preset, acr) in configured.items()
        if issuer and client_id
    }
