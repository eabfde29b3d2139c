"""SoftHSM: a token in software, in a folder of its own, for this process and those that it starts."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from storage.hsm import TokenPlace
from tests import needs

PIN = "mat-khau-thiet-bi"


@dataclass(frozen=True)
class Tokens:
    """A module and a folder that tokens are made in."""

    module: Path
    folder: Path

    def place(self, token: str, key: str = "docvault-root") -> TokenPlace:
        """Where a key may lie on a token that is made with it, with the PIN in a file beside."""
        command = ["softhsm2-util", "--init-token", "--free", "--label", token, "--so-pin", "12345678", "--pin", PIN]
        subprocess.run(command, check=True, capture_output=True)
        pin_file = self.folder / f"{token}.pin"
        pin_file.touch(mode=0o600)
        pin_file.write_text(f"{PIN}\n")
        return TokenPlace(self.module, token, key, pin_file)


def made(folder: Path) -> Tokens:
    """Skips where there is no SoftHSM. One module serves a process, so all its tokens share the one folder."""
    module = needs.need_softhsm()
    configuration = folder / "softhsm2.conf"
    (folder / "tokens").mkdir()
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return Tokens(module, folder)
