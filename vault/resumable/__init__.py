"""Papers that arrive in parts, over lines that break (tus 1.0.0): docs/formats/uploads.md."""
