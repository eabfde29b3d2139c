"""A public-service portal to try the vault with: a site of its own, which speaks nothing but the vault's public API.

Start reading at `vault.py` (how it asks, receives and opens) and `proof.py` (how it checks without asking).
"""
