"""Every setting, typed and checked, in one frozen class. Only entry points read it; below them go plain values.

Where a value comes from, first that has one: `KUBEORCH_<NAME>`, `<NAME>`, the file that `<NAME>_FILE` names,
`config.yaml` (path in KUBEORCH_CONFIG; nested keys as AUTH.BUILTIN.ENABLED). `docs/reference/configuration.md` is made
from this class.
"""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

SAMPLE_SECRETS: Final = ("change-me", "changeme", "your-secret", "secret", "kubeorch-secret")
MEBI: Final = 1024 * 1024


def _commas(value: object) -> object:
    """`"a, b"` as the environment has it, or a list as the file has it."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Commas = Annotated[tuple[str, ...], BeforeValidator(_commas)]


class SettingsError(Exception):
    """A bad or missing value, in one line for the operator."""


class Settings(BaseSettings):
    """All settings. Field names are the variables' names in lower case; units are in the names."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    # Server
    port: int = Field(3000, ge=1, le=65535, description="Port of the API.")
    bind_address: str = Field("0.0.0.0", description="Address that the API listens on; 127.0.0.1: this machine only.")  # noqa: S104  one of several containers
    base_url: str = Field(
        "", description="How browsers reach this server; may have a path. Default: `http://localhost:<PORT>`."
    )
    frontend_url: str = Field("http://localhost:3001", description="The web UI; its origin is always allowed.")
    cors_allowed_origins: Commas = Field(
        ("http://localhost:3001",), description="Exact origins, commas between; `*` is refused."
    )
    trusted_proxies: Commas = Field((), description="CIDRs whose X-Forwarded-For and -Proto are believed.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    body_max_bytes: int = Field(8 * MEBI, ge=1024, description="Larger request bodies answer 413.")
    rate_limit_enabled: bool = Field(True, description="Limit requests per user or network.")
    rate_limit_rps: int = Field(50, ge=1, description="Requests a second on average, per user or network.")
    rate_limit_burst: int = Field(200, ge=1, description="Requests at once, per user or network.")
    stream_drain_seconds: float = Field(5, ge=0, description="How long a stopping API process keeps its streams.")
    stream_heartbeat_seconds: float = Field(15, gt=0, description="Pause between heartbeat comments on a stream.")

    # Parts
    mongo_uri: str = Field(description="MongoDB, with the database's name in the path (default `kubeorch`).")
    redis_url: str = Field(description="Redis or Valkey, 6.2 or newer: broker and events.")
    broker_redis_url: str = Field("", description="Redis of the task queues, when apart. Default: REDIS_URL.")
    events_redis_url: str = Field("", description="Redis of the events, when apart. Default: REDIS_URL.")
    kubeorch_data: Path = Field(
        Path("~/.local/share/kubeorch"), description="Folder of the embedded default, mode 0700."
    )

    # Secrets
    jwt_secret: str = Field(min_length=32, description="Signs access tokens; at least 32 characters.")
    jwt_secrets_old: Commas = Field((), description="Older signing keys that still verify.")
    encryption_key: str = Field(
        min_length=1, description="Base64 of 32 bytes, else the SHA-256 of the text is the key."
    )
    encryption_keys_old: Commas = Field((), description="Older encryption keys that still open.")

    # Accounts
    token_refresh_max_age_days: float = Field(
        7, ge=0, le=90, description="How long a session can be refreshed; 0: never."
    )
    auth_builtin_enabled: bool = Field(True, description="Password accounts.")
    auth_builtin_signup_enabled: bool = Field(True, description="Sign-up with a password.")
    auth_builtin_allowed_domains: Commas = Field((), description="E-mail domains that may sign up; empty: all.")
    invite_code: str = Field("", description="First invite code; made up when empty. 6-64 of `[A-Za-z0-9_-]`.")
    regenerate_invite_after_signup: bool = Field(
        True, description="A new invite code after each sign-up (first start only)."
    )
    invite_code_ttl_days: float = Field(7, gt=0, description="Life of an invite code.")
    first_admin_email: str = Field("", description="The only e-mail that may become the first admin.")
    password_min_length: int = Field(8, ge=6, le=64, description="Least characters of a new password.")
    audit_retention_days: float = Field(180, gt=0, description="How long audit entries are kept.")

    # Outgoing addresses
    outbound_allowlist: Commas = Field((), description="Hosts, host:port or CIDRs that are always allowed.")
    cluster_allow_private: bool = Field(True, description="Clusters may have private addresses.")
    cluster_allow_loopback: bool = Field(False, description="Clusters may have loopback addresses (embedded: true).")
    cluster_allow_insecure_tls: bool = Field(True, description="Users may switch off TLS verification of a cluster.")
    cluster_allow_http: bool = Field(False, description="Clusters may be reached by plain HTTP.")
    cluster_allow_proxy: bool = Field(False, description="Kubeconfigs may name a proxy.")
    cluster_allow_in_cluster: bool = Field(False, description="Admins may add the cluster that this server runs in.")

    # Clusters
    cluster_max_per_user: int = Field(50, ge=1, description="Clusters that one user may add.")
    cluster_connect_timeout_seconds: float = Field(5, gt=0, description="To connect to a cluster.")
    cluster_request_timeout_seconds: float = Field(30, gt=0, description="For one call to a cluster.")
    cluster_health_interval_seconds: float = Field(60, gt=0, description="Between two health checks of a cluster.")
    cluster_health_concurrency: int = Field(10, ge=1, description="Health checks at the same time.")
    cluster_metadata_ttl_seconds: float = Field(
        600, gt=0, description="Age at which a cluster's metadata is read again."
    )
    cluster_log_ttl_hours: float = Field(24, gt=0, description="How long a cluster's connection log is kept.")
    credential_expiry_warning_days: float = Field(7, ge=0, description="Warn this long before credentials expire.")

    # Import
    import_sync_wait_seconds: float = Field(
        25, ge=0, le=27, description="How long an analysis is waited for before it goes on in the background."
    )
    import_timeout_seconds: float = Field(300, gt=0, description="An analysis that lasts longer fails.")
    import_max_file_kb: int = Field(1024, ge=1, le=1024, description="Largest file that is imported, in KiB.")
    import_max_services: int = Field(500, ge=1, le=500, description="Services that one import may have.")
    import_max_active_per_user: int = Field(3, ge=1, description="Analyses of one user at the same time.")
    import_session_ttl_hours: float = Field(24, gt=0, description="How long an analysis is kept.")
    import_keep_secret_values: bool = Field(
        True, description="Keep the values of imported secrets, encrypted, until a run has applied them."
    )
    import_secret_ttl_days: float = Field(30, gt=0, description="How long such a value waits for its first run.")
    import_expose: Literal["none", "clusterip", "nodeport", "loadbalancer"] = Field(
        "nodeport", description="How a published port is exposed when nothing is chosen."
    )
    import_storage: str = Field("10Gi", description="Size of an imported volume when nothing is chosen.")
    import_wait_image: str = Field(
        "busybox:1.36",
        description="Image of the containers that wait for what a workload depends on; empty: none wait.",
    )

    import_image_facts: bool = Field(
        True, description="Ask registries for the ports, user and volumes of imported images, for 5 seconds at most."
    )

    nixpacks_bin: str = Field("nixpacks", description="The program that knows how to build what has no Dockerfile.")

    # Git and files by URL
    git_allowed_hosts: Commas = Field(
        (),
        description="The only hosts to take from, such as `git.example.com`, `*.example.com`; none: all public ones.",
    )
    git_allow_http: bool = Field(False, description="Also take from hosts without TLS.")
    git_ca_file: Path | None = Field(
        None, description="PEM with authorities of Git hosts that are trusted besides the system's."
    )
    git_clone_timeout_seconds: float = Field(120, gt=0, description="A clone that takes longer fails.")
    git_max_repo_mb: int = Field(500, ge=1, description="Largest repository, both as it is sent and unpacked.")
    git_max_files: int = Field(50_000, ge=1, description="Most files of a repository.")
    git_max_file_mb: int = Field(100, ge=1, description="Largest file of a repository.")
    work_dir: Path | None = Field(
        None,
        description="Private folder of workers for clones and builds; none: below the system's temporary folder.",
    )

    # Image registries
    registry_insecure_hosts: Commas = Field(
        (),
        description="Registries that are spoken to by plain HTTP, as images name them (`registry.lan:5000`); private "
        "addresses are allowed for these.",
    )
    registry_timeout_seconds: float = Field(10, gt=0, le=25, description="To be told about one image.")

    # Runs, leases, watchers
    run_keep: int = Field(200, ge=1, description="Newest runs of a workflow that are kept.")
    run_retention_days: float = Field(90, gt=0, description="Older runs go, but for the newest.")
    run_timeout_seconds: float = Field(900, gt=0, description="A run that lasts longer fails.")
    lease_seconds: float = Field(10, gt=1, description="How long a lease may stand still before others free it.")
    worker_concurrency: int = Field(0, ge=0, description="Processes of a worker; 0: the cores, at most 4.")
    apply_parallelism: int = Field(8, ge=1, le=64, description="Objects applied at the same time in one run.")
    watch_flush_ms: int = Field(
        50, ge=1, le=1000, description="Pause between two writes of one workflow's states under load."
    )
    watch_resync_seconds: float = Field(600, gt=0, description="Each watch is listed anew this often.")

    @model_validator(mode="after")
    def _refuse_what_cannot_work(self) -> Self:
        if "*" in self.cors_allowed_origins:
            raise ValueError("CORS_ALLOWED_ORIGINS must name exact origins, * is refused")
        if any(sample in self.jwt_secret.lower() for sample in SAMPLE_SECRETS[:3]):
            raise ValueError("JWT_SECRET is a sample value: make one with `openssl rand -hex 32`")
        if self.invite_code and not re.fullmatch(r"[A-Za-z0-9_-]{6,64}", self.invite_code):
            raise ValueError("INVITE_CODE must be 6 to 64 of A-Z, a-z, 0-9, _ and -")
        _refuse_addresses(self)
        if not self.auth_builtin_enabled:
            raise ValueError(
                "AUTH_BUILTIN_ENABLED is false and no sign-in provider is configured: nobody could sign in"
            )
        return self

    @property
    def public_url(self) -> str:
        """BASE_URL or its default, without a final slash."""
        return (self.base_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def origins(self) -> frozenset[str]:
        """Origins that browsers may call from: CORS_ALLOWED_ORIGINS and the UI's."""
        return frozenset(origin.rstrip("/") for origin in (*self.cors_allowed_origins, self.frontend_url))

    @property
    def broker_url(self) -> str:
        return self.broker_redis_url or self.redis_url

    @property
    def events_url(self) -> str:
        return self.events_redis_url or self.redis_url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)  # `read_values` has already put environment and file in their order


def _refuse_addresses(settings: Settings) -> None:
    """Whatever a client library would refuse later, in its own words and with a traceback. No value is repeated."""
    for network in settings.trusted_proxies:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise ValueError(f"TRUSTED_PROXIES: {network!r} is neither an address nor a CIDR") from None
    if not settings.mongo_uri.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("MONGO_URI must begin with mongodb:// or mongodb+srv://")
    if settings.git_ca_file is not None and not settings.git_ca_file.is_file():
        raise ValueError(f"GIT_CA_FILE names {settings.git_ca_file}, which is no file")
    for name in ("redis_url", "broker_redis_url", "events_redis_url"):
        if (url := getattr(settings, name)) and not url.startswith(("redis://", "rediss://")):
            raise ValueError(f"{name.upper()} must begin with redis:// or rediss://")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment and the optional file.

    Raises:
        SettingsError: one line that names each bad or missing value.
    """
    environ = os.environ if environ is None else environ
    try:
        return Settings(**read_values(environ))
    except ValidationError as error:
        problems = "; ".join(_problem(item["loc"], item["msg"]) for item in error.errors(include_input=False))
        raise SettingsError(f"settings: {problems} (see docs/reference/configuration.md)") from None


def read_values(environ: Mapping[str, str]) -> dict[str, Any]:
    """The value of each field that has one, by field name, still unchecked."""
    from_file = _flattened(_config_file(environ))
    values: dict[str, Any] = {}
    for name in Settings.model_fields:
        value = _from_environment(name.upper(), environ)
        if value is None:
            value = from_file.get(name)
        if value is not None:
            values[name] = value
    return values


def describe(name: str, field: FieldInfo) -> tuple[str, str, str]:
    """(variable, default, text) of a field, for the reference page."""
    required = field.is_required()
    default = "required" if required else _shown(field.default)
    return name.upper(), default, field.description or ""


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return ", ".join(default) or "none"
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if str(default) else "none"


def _problem(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]).upper() + ": " if location else ""
    return name + message.removeprefix("Value error, ")


def _from_environment(variable: str, environ: Mapping[str, str]) -> str | None:
    for spelling in (f"KUBEORCH_{variable}", variable):
        if environ.get(spelling, "") != "":
            return environ[spelling]
    if path := environ.get(f"{variable}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise SettingsError(f"settings: {variable}_FILE: can't read {path}: {error.strerror}") from None
    return None


def _config_file(environ: Mapping[str, str]) -> Mapping[str, Any]:
    path = Path(environ.get("KUBEORCH_CONFIG", "config.yaml"))
    if not path.exists():
        if "KUBEORCH_CONFIG" in environ:
            raise SettingsError(f"settings: KUBEORCH_CONFIG names {path}, which doesn't exist")
        return {}
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"settings: {path} is no readable YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"settings: {path} must be a mapping of names to values")
    return content


def _flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}".lower()
        if isinstance(value, dict):
            flat |= _flattened(value, f"{name}_")
        else:
            flat[name] = value
    return flat
