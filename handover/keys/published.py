"""Keys whose private part everybody can read (`keys/test/` in the repository): never active outside tests."""

from typing import Final

from handover.ids import KeyId

PUBLISHED: Final = frozenset(
    KeyId(kid)
    for kid in (
        "5W7hPg1HV9H3rEyj6liHuyi_nUJfekezxZ_WCpVvvBU",
        "6ZzbH1t7EHL9_RHDP92yi8yADd3-77fr1I4veG3CIMA",
        "KkG3pNsIdlEOiBBAuWL8lyf15jrcfSkVlGNt5ffB0TI",
        "bcraRt3eAkfFemkVhGM0ldnY5dSuvrPPn5rdjfBmfW4",
        "MkQ29Os-6GCzv2bh2iXk0434HoTteVlwALtWtTn8gMc",
        "4O4mvZk2AIgCM7qP0S_ZwYM8XLOC4_klRq1rw2iaWJg",
        "niEBwIADSwcuNbcFbgK4YNDZHDWWuXVq0yjTzyGHw4w",
    )
)
