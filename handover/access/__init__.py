"""Who is calling: OIDC login, sessions, roles."""
