"""What the authorisation server says about itself (RFC 8414). Every member is held against what it does by a test."""

from typing import Any

from sharing import pkce
from vault.i18n import LANGUAGES
from vault.oauth.parsing import TYPE
from vault.proving import ALGORITHMS

AUTHENTICATION = ["private_key_jwt"]
GRANT_TYPES = ("authorization_code", "client_credentials")


def metadata(issuer: str) -> dict[str, Any]:
    """The members, all addresses below `issuer`."""
    base, algorithms = issuer.rstrip("/"), list(ALGORITHMS)
    found: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{base}/oauth/par",
        "require_pushed_authorization_requests": True,
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": [pkce.METHOD],
        "authorization_details_types_supported": [TYPE],
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": algorithms,
        "ui_locales_supported": list(LANGUAGES),
    }
    for endpoint in ("token", "revocation", "introspection"):
        found[f"{endpoint}_endpoint_auth_methods_supported"] = list(AUTHENTICATION)
        found[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(algorithms)
    return found
