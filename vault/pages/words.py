"""Codes in words that people use. All texts are messages for translation (`vault/locale/vi.po`)."""

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "welcome": "Your wallet is ready. Put the first paper in.",
    "signed-out": "You are signed out.",
    "signed-out-everywhere": "You are signed out on all devices.",
    "password-changed": "The password is changed and all devices are signed out. Sign in with the new one.",
    "erased": "Your wallet and everything in it is erased.",
}
"""What a page says first after something was done, by the query parameter `done`."""
