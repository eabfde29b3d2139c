"""Every setting of the service, read from `DOCVAULT_*` variables (and nothing else)."""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024

Provider = Literal["file", "pkcs11"]


class Settings(BaseSettings):
    """What an operator may decide. Secrets are files, never values: a variable shows in process lists."""

    model_config = SettingsConfigDict(env_prefix="DOCVAULT_", frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Field(Path("data"), description="Folder of the embedded database, blobs and key files.")
    database_url: str | None = Field(
        None, description="SQLAlchemy address of the database, without a password; SQLite in the data folder."
    )
    database_password_file: Path | None = Field(None, description="File with the password of the database's user.")
    database_connections: int = Field(20, gt=0, description="Connections to PostgreSQL that a process opens at most.")
    database_wait_s: int = Field(10, gt=0, description="Seconds that a request waits for such a connection.")
    database_statement_s: int = Field(60, gt=0, description="Seconds after which PostgreSQL gives a statement up.")
    database_lock_s: int = Field(15, gt=0, description="Seconds that a statement waits for what another one holds.")
    s3_endpoint: str | None = Field(
        None, description="Address of a store that speaks S3; papers lie there instead of in the data folder."
    )
    s3_bucket: str | None = Field(None, description="Its bucket for papers, which is there already.")
    s3_region: str = Field("us-east-1", description="The region that its requests are signed for.")
    s3_access_key_file: Path | None = Field(None, description="File with the id of the key to the bucket.")
    s3_secret_key_file: Path | None = Field(None, description="File with the secret of that key.")
    s3_connect_timeout_s: float = Field(5, gt=0, description="Seconds within which the store takes a connection.")
    s3_timeout_s: float = Field(30, gt=0, description="Seconds without a sign of it after which a request is given up.")
    s3_plain_http: bool = Field(False, description="Speak to it without TLS, also beyond this machine.")
    migrate_at_start: bool = Field(
        True, description="Bring the tables up to date at each start; else `docvault migrate`."
    )
    public_url: str = Field("http://127.0.0.1:8000", description="Address that people and agencies reach; the issuer.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    forwarded_allow_ips: str = Field(
        "127.0.0.1",
        description="Addresses or networks of proxies whose X-Forwarded-* and X-Request-ID headers are believed.",
    )
    drain_s: int = Field(
        0,
        ge=0,
        description="Seconds that a server goes on after SIGTERM, while `/readyz` tells proxies to send no more.",
    )
    queue_late_s: int = Field(
        3600, ge=0, description="A job that waits longer than this makes `/readyz` say no; 0: never."
    )
    metrics_port: int | None = Field(None, ge=0, le=65535, description="Port for Prometheus, of servers and workers.")
    metrics_host: str = Field("127.0.0.1", description="Address on which Prometheus may ask.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="`json`, `text`, or `auto`: text on a terminal, JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is worth a line: `info` says each request, `warning` what went wrong."
    )
    root_key_provider: Provider = Field("file", description="Where the root key lies: `file`, or `pkcs11` (a token).")
    root_key_file: Path | None = Field(None, description="Root key, mode 0600; `root.key` in the data folder.")
    pkcs11_module: Path | None = Field(None, description="Shared library of the token that holds the root key.")
    pkcs11_token: str = Field("docvault", description="Label of that token.")
    pkcs11_key: str = Field("docvault-root", description="Label of the key on it.")
    pkcs11_pin_file: Path | None = Field(None, description="File with the PIN of the token's user, mode 0600.")
    second_root_key_provider: Provider | None = Field(
        None, description="A second root key, while one takes the other's place: it opens, and wraps nothing."
    )
    second_root_key_file: Path | None = Field(None, description="Its file; as the root key's own unless given.")
    second_pkcs11_module: Path | None = Field(None, description="Its token's library; likewise.")
    second_pkcs11_token: str | None = Field(None, description="Its token's label; likewise.")
    second_pkcs11_key: str | None = Field(None, description="Its label on the token; likewise.")
    second_pkcs11_pin_file: Path | None = Field(None, description="Its token's PIN; likewise.")
    worker_key_file: Path | None = Field(None, description="Key of reading jobs; `worker.key` in the data folder.")
    make_keys: bool = Field(
        True, description="Make key files that are missing at the very first start; never where processes share them."
    )
    embedded_worker: bool = Field(True, description="Read papers inside the server process.")
    sign_up: bool = Field(True, description="Anyone may open a wallet; otherwise only `docvault account add` does.")

    max_upload_bytes: int = Field(512 * MIB, gt=0, description="Largest paper taken, in bytes.")
    upload_slots: int = Field(32, gt=0, description="Uploads received at the same time; more are asked to wait.")
    upload_idle_s: int = Field(60, gt=0, description="An upload that sends nothing for so long is given up.")
    upload_longest_s: int = Field(4 * 3600, gt=0, description="An upload that takes longer in all is given up.")
    upload_hours: int = Field(72, gt=0, description="Hours that an unfinished upload is kept after its last byte.")
    quota_bytes: int = Field(
        10 * 1024 * MIB,
        gt=0,
        description="Bytes that one citizen may keep, papers in the bin and unfinished uploads too; "
        "tiles and searchable copies may take as much again.",
    )
    bin_days: int = Field(
        30, ge=0, description="Days that a deleted paper rests in the bin before its key is destroyed."
    )

    session_idle_minutes: int = Field(60, gt=0, description="A session ends after so long without a request.")
    session_hours: int = Field(24, gt=0, description="A session ends after so long in any case.")
    password_hash_slots: int = Field(2, gt=0, description="Password hashes computed at the same time (64 MiB each).")
    account_failures: int = Field(5, gt=0, description="Failed sign-ins on one account before it is slowed.")
    address_failures: int = Field(20, gt=0, description="Failed sign-ins from one address before it is slowed.")
    slowdown_max_s: int = Field(900, gt=0, description="Longest wait that failed sign-ins bring, in seconds.")

    grant_days: int = Field(7, gt=0, description="Days that a grant lasts unless the citizen says otherwise.")
    grant_days_max: int = Field(90, gt=0, description="Longest time a citizen can choose for a grant, in days.")
    grant_openings: int = Field(10, gt=0, description="Openings that a grant allows unless the citizen says otherwise.")
    dossier_openings: int = Field(
        50, gt=0, le=10_000, description="Openings that the grant for a dossier allows its agency."
    )

    reading_memory_mib: int = Field(
        1536, gt=0, description="Address space that reading a paper may take in its child, in MiB."
    )
    reading_cpu_s: int = Field(
        1800, gt=0, description="CPU seconds of the child that reads a paper, and of each run of tesseract."
    )
    reading_wall_s: int = Field(3600, gt=0, description="Seconds that one paper may take.")
    reading_pages: int = Field(500, gt=0, description="Most pages in one paper.")
    reading_pixels: int = Field(600_000_000, gt=0, description="Most pixels on one page: A0 at 600 dpi.")
    reading_attempts: int = Field(3, gt=0, description="Times that reading a paper is tried before it is given up.")
    inspect_slots: int = Field(2, gt=0, description="Papers inspected at once; of one citizen half as many.")
    inspect_wall_s: int = Field(60, gt=0, description="Seconds that looking over an uploaded paper may take.")
    lease_s: int = Field(60, gt=2, description="A worker silent for so long loses its job to another.")
    kinds_dir: Path | None = Field(None, description="Folder with the operator's own kinds of papers (YAML).")
    procedures_dir: Path | None = Field(None, description="Folder with the operator's own procedures (YAML).")

    @field_validator("database_url")
    @classmethod
    def _without_password(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if parts.password is not None or "password" in parse_qs(parts.query):
            raise ValueError(
                "an address shows in process lists; name a file in DOCVAULT_DATABASE_PASSWORD_FILE instead"
            )
        return url

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _addresses(cls, proxies: str) -> str:
        for one in proxies.split(","):
            if one.strip() not in {"", "*"}:
                ip_network(one.strip(), strict=False)
        return proxies

    @model_validator(mode="after")
    def _whole_place(self) -> Self:
        needed = ("s3_bucket", "s3_access_key_file", "s3_secret_key_file")
        missing = [f"DOCVAULT_{name.upper()}" for name in needed if getattr(self, name) is None]
        if self.s3_endpoint and missing:
            raise ValueError(f"DOCVAULT_S3_ENDPOINT needs {', '.join(missing)}, too")
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'docvault.db'}"

    @property
    def root_key(self) -> Path:
        return self.root_key_file or self.data_dir / "root.key"

    @property
    def worker_key(self) -> Path:
        return self.worker_key_file or self.data_dir / "worker.key"

    @property
    def blobs(self) -> Path:
        return self.data_dir / "blobs"

    @property
    def over_tls(self) -> bool:
        return self.public_url.startswith("https://")


def table() -> str:
    """All settings as rows of a Markdown table, for the README (`python -m vault.settings`)."""
    rows = [
        f"| `DOCVAULT_{name.upper()}` | {_shown(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _shown(default: object) -> str:
    if default is None:
        return "–"
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


if __name__ == "__main__":
    print(table())
