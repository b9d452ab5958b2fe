"""A bad or missing value stops the start with one line that says which and why, and repeats no secret."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, load_settings

GOOD = {
    "MONGO_URI": "mongodb://127.0.0.1/kubeorch",
    "REDIS_URL": "redis://127.0.0.1/0",
    "JWT_SECRET": "0123456789abcdef" * 3,
    "ENCRYPTION_KEY": "0123456789abcdef",
}


def test_four_values_are_enough() -> None:
    settings = load_settings(GOOD)

    assert (settings.port, settings.public_url) == (3000, "http://localhost:3000")
    assert settings.origins == {"http://localhost:3001"}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"PORT": "0"}, "PORT: Input should be greater than or equal to 1"),
        ({"PORT": "http"}, "PORT: Input should be a valid integer"),
        ({"MONGO_URI": ""}, "MONGO_URI: Field required"),
        ({"MONGO_URI": "postgres://u:hunter2@db/k"}, "MONGO_URI must begin with mongodb://"),
        ({"REDIS_URL": "127.0.0.1:6379"}, "REDIS_URL must begin with redis://"),
        ({"EVENTS_REDIS_URL": "http://hunter2"}, "EVENTS_REDIS_URL must begin with redis://"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, "TRUSTED_PROXIES: 'proxy' is neither an address nor a CIDR"),
        ({"CORS_ALLOWED_ORIGINS": "*"}, "* is refused"),
        ({"JWT_SECRET": "hunter2"}, "JWT_SECRET: String should have at least 32 characters"),
        ({"JWT_SECRET": "change-me" * 5}, "JWT_SECRET is a sample value"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'"),
        ({"JWT_SECRET_FILE": "/nonexistent", "JWT_SECRET": ""}, "JWT_SECRET_FILE: can't read /nonexistent"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(GOOD | changes)

    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"PORT": "-1"})

    assert all(
        name in str(refused.value) for name in ("PORT", "MONGO_URI", "REDIS_URL", "JWT_SECRET", "ENCRYPTION_KEY")
    )


def test_the_first_place_that_has_a_value_wins(tmp_path: Path) -> None:
    file, secret = tmp_path / "config.yaml", tmp_path / "secret"
    file.write_text("PORT: 1001\nLOG_LEVEL: debug\nAUTH:\n  BUILTIN:\n    SIGNUP_ENABLED: false\n")
    secret.write_text("from the file, long enough for a key\n")
    environment = GOOD | {"KUBEORCH_CONFIG": str(file), "JWT_SECRET": "", "JWT_SECRET_FILE": str(secret)}

    def port(**more: str) -> int:
        return load_settings(environment | more).port

    assert (port(), port(PORT="1002"), port(PORT="1002", KUBEORCH_PORT="1003")) == (1001, 1002, 1003)
    settings: Settings = load_settings(environment)
    assert settings.jwt_secret == "from the file, long enough for a key"
    assert (settings.log_level, settings.auth_builtin_signup_enabled) == ("debug", False)
