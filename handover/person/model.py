"""The patient as a referral names them. Values only; nothing here is logged or shown by `repr`."""

from dataclasses import dataclass, field, replace
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address in Norway."""

    lines: tuple[str, ...] = field(default=(), repr=False)
    postal_code: str = field(default="", repr=False)
    city: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the patient is. The birth date is a field of its own, never derived from the number (NORWAY.md)."""

    given: str = field(repr=False)
    family: str = field(repr=False)
    birth_date: date = field(repr=False)
    number: str | None = field(default=None, repr=False)
    """Fødselsnummer, D-nummer, felles hjelpenummer or DUF; digits only. See `numbers.system_of`."""
    address: Address | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name as written on screen: given name first."""
        return f"{self.given} {self.family}"


def differences(known: Identity, said: Identity) -> tuple[str, ...]:
    """Return in what two say otherwise who somebody is: `given`, `family`, `birth_date`; case and space aside."""
    names = tuple(
        name for name in ("given", "family") if _plain(getattr(known, name)) != _plain(getattr(said, name))
    )
    return names + ("birth_date",) * (known.birth_date != said.birth_date)


def completed(known: Identity, said: Identity) -> Identity:
    """Return what is known with what it lacks, as somebody else says it; nothing that is known changes."""
    return replace(known, address=known.address or said.address, phone=known.phone or said.phone)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
