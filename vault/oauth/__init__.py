"""The authorisation server: FAPI 2.0 Security Profile (docs/formats/authorization.md)."""
