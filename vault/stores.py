"""The stores that settings and commands name: the one place that knows which sort there are."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from storage.blobs import Blobs
from storage.errors import StoreUnavailable
from storage.files import FileBlobs
from storage.s3 import S3Blobs
from storage.s3client import Place
from vault.settings import Settings

FILES = "files:"
SETTINGS = "settings"
FORMS = f"{SETTINGS}, {FILES}FOLDER or https://HOST/BUCKET?access_key_file=FILE&secret_key_file=FILE"
OPTIONS = {"access_key_file", "secret_key_file", "region", "plain_http"}


def open_store(settings: Settings) -> Blobs:
    """Where the vault keeps its papers. Raises `StoreUnavailable`; a store behind a network is not asked yet."""
    if settings.s3_endpoint is None:
        return FileBlobs(settings.blobs)
    address = f"{settings.s3_endpoint.rstrip('/')}/{settings.s3_bucket}"
    options = {
        "access_key_file": str(settings.s3_access_key_file),
        "secret_key_file": str(settings.s3_secret_key_file),
        "region": settings.s3_region,
        "plain_http": str(settings.s3_plain_http).lower(),
    }
    return _bucket(address, options, settings)


def open_address(address: str, settings: Settings, *, make: bool) -> Blobs:
    """The store of an address that somebody wrote. Raises `StoreUnavailable` where none can be meant.

    `settings`: the vault's own. `files:FOLDER`: the `blobs` folder of a vault, made only with `make`.
    `https://HOST/BUCKET?access_key_file=FILE&secret_key_file=FILE`: a bucket; `&region=…` and, for http beyond this
    machine, `&plain_http=true` may follow.
    """
    if address == SETTINGS:
        return open_store(settings)
    if address.startswith(FILES):
        return _folder(Path(address.removeprefix(FILES)), make)
    if not address.startswith(("https://", "http://")):
        raise StoreUnavailable(f"an address of a store is {FORMS}")
    place, _, query = address.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if set(options) - OPTIONS:
        raise StoreUnavailable(f"an address of a bucket takes {', '.join(sorted(OPTIONS))} alone")
    return _bucket(place, options, settings)


def _folder(folder: Path, make: bool) -> FileBlobs:
    if not make and not (folder / "objects").is_dir():
        raise StoreUnavailable(f"{folder} is no folder of blobs")
    return FileBlobs(folder)


def _bucket(address: str, options: Mapping[str, str], settings: Settings) -> S3Blobs:
    endpoint, _, bucket = address.rpartition("/")
    try:
        place = Place(
            endpoint,
            bucket,
            _secret(options.get("access_key_file", "")),
            _secret(options.get("secret_key_file", "")),
            options.get("region", settings.s3_region),
            settings.s3_connect_timeout_s,
            settings.s3_timeout_s,
        )
    except ValueError as error:
        raise StoreUnavailable(str(error)) from None
    if not place.secure and options.get("plain_http") != "true" and not _is_this_machine(endpoint):
        raise StoreUnavailable("the object store is asked without TLS: use https://, or say that plain http is meant")
    return S3Blobs(place)


def _secret(file: str) -> str:
    """Never part of an address: those show in lists of processes."""
    try:
        secret = Path(file).read_text("utf-8").strip() if file else ""
    except OSError as error:
        raise StoreUnavailable(f"{file}: {error.strerror}") from None
    if not secret or not secret.isascii() or not secret.isprintable():
        raise StoreUnavailable(f"{file or 'an address without a file'} holds no key of an object store")
    return secret


def _is_this_machine(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
