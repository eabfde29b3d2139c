"""What is believed of an export's JSON: forms and bounds, nothing else. Later members are passed over."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vault.errors import NotAnExport
from vault.importing.reader import ENTRIES_MOST, NAME_MOST

MANIFEST_BYTES = 8 * 1024 * 1024
PAPER_BYTES = 1024 * 1024
VERSIONS_MOST = 1000
SIZE_MOST = 2**50

Path = Annotated[str, Field(max_length=NAME_MOST)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0, le=SIZE_MOST)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class File(_Shape):
    path: Path
    size: Size
    sha256: Sha256


class Run(_Shape):
    """A paper's entries, which follow each other."""

    id: Annotated[str, Field(max_length=64)]
    files: Annotated[list[Path], Field(min_length=1, max_length=4 * VERSIONS_MOST)]


class Manifest(_Shape):
    format: Literal["docvault-export"]
    version: Literal[1]
    left_out: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=ENTRIES_MOST)] = []
    papers: Annotated[list[Run], Field(max_length=ENTRIES_MOST)]
    files: Annotated[list[File], Field(max_length=ENTRIES_MOST)]


class Version(_Shape):
    number: Annotated[int, Field(ge=1, le=1_000_000)]
    file: Path | None
    file_name: Annotated[str, Field(max_length=400)]
    size: Size
    sha256: Sha256
    title: Annotated[str, Field(max_length=400)]
    confirmed: Annotated[dict[str, Annotated[str, Field(max_length=2000)]], Field(max_length=200)]


class Paper(_Shape):
    """`deleted_at` when it was in the bin."""

    format: Literal["docvault-paper"]
    version: Literal[1]
    kind: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    kind_confirmed: bool
    title: Annotated[str, Field(max_length=400)]
    deleted_at: Annotated[str, Field(max_length=64)] | None
    versions: Annotated[list[Version], Field(min_length=1, max_length=VERSIONS_MOST)]


Shape = TypeVar("Shape", bound=_Shape)


def parse(shape: type[Shape], data: bytes) -> Shape:
    """Raises `NotAnExport`."""
    try:
        return shape.model_validate_json(data)
    except ValidationError:
        raise NotAnExport(reason="export-malformed") from None
