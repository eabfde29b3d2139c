"""What the authorisation server refuses, by the codes of the RFCs; `vault.api.oauth` answers with them.

None of them reaches a page or an API of the vault: those know `vault.errors` alone.
"""


class Refusal(Exception):
    """`error` and `status` as the RFC says; `description` is for the portal's developer and holds no secret."""

    error = "invalid_request"
    status = 400

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class InvalidRequest(Refusal):
    """Malformed, a parameter missing, doubled or not taken (RFC 6749 sections 4.1.2.1 and 5.2)."""


class InvalidClient(Refusal):
    """The client did not prove who it is (RFC 6749 section 5.2)."""

    error = "invalid_client"
    status = 401


class InvalidGrant(Refusal):
    """The code is unknown, over, used or somebody else's, or not proved (RFC 6749 section 5.2)."""

    error = "invalid_grant"


class UnsupportedGrantType(Refusal):
    """RFC 6749 section 5.2."""

    error = "unsupported_grant_type"


class UnsupportedResponseType(Refusal):
    """RFC 6749 section 4.1.2.1."""

    error = "unsupported_response_type"


class InvalidScope(Refusal):
    """There are no scopes here: `authorization_details` say it (RFC 6749 section 5.2)."""

    error = "invalid_scope"


class InvalidDetails(Refusal):
    """RFC 9396 section 5."""

    error = "invalid_authorization_details"


class InvalidProof(Refusal):
    """RFC 9449 section 5."""

    error = "invalid_dpop_proof"


class UseNonce(Refusal):
    """RFC 9449 section 8."""

    error = "use_dpop_nonce"
