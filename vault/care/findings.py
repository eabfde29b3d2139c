"""What the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`damage` makes the command fail."""

    fine = "fine"
    remark = "remark"
    damage = "damage"


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing; ids only, nothing of any paper."""

    severity: Severity
    sentence: str
