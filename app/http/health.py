"""/healthz: the process serves. /readyz: can it do its work? Without Redis it can, degraded; without MongoDB not."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal

import pymongo
import redis
from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue
from pymongo.errors import PyMongoError
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.clock import Clock
from app.http.openapi import documented

bp = Blueprint("health", __name__)

KEY: Final = "kubeorch.readiness"
FRESH_S: Final = 1.0  # several probes a second cost one look
TIMEOUT_S: Final = 1.0

State = Literal["ok", "down"]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the API needs.

    Args:
        check: raises when it can't be used.
        required: without it the API isn't ready.
    """

    check: Callable[[], object]
    required: bool


class Readiness:
    """Looks at the parts, at most once a second."""

    def __init__(self, parts: Mapping[str, Part], clock: Clock) -> None:
        self._parts, self._clock = parts, clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._seen: dict[str, Any] = {}

    def look(self) -> dict[str, Any]:
        """`{"status": ready | degraded | unavailable, "parts": {name: {"state", "ms" or "reason"}}}`."""
        with self._lock:
            if self._clock.monotonic() - self._looked_at >= FRESH_S:
                self._seen = self._look()
                self._looked_at = self._clock.monotonic()
            return self._seen

    def _look(self) -> dict[str, Any]:
        parts = {name: self._state(part) for name, part in self._parts.items()}
        down = [name for name, seen in parts.items() if seen["state"] != "ok"]
        lacking = any(self._parts[name].required for name in down)
        return {"status": "unavailable" if lacking else "degraded" if down else "ready", "parts": parts}

    def _state(self, part: Part) -> dict[str, Any]:
        began = self._clock.monotonic()
        try:
            part.check()
        except (PyMongoError, redis.RedisError, OSError) as error:
            return {"state": "down", "reason": type(error).__name__}  # its text may name hosts and users
        return {"state": "ok", "ms": round((self._clock.monotonic() - began) * 1000, 1)}


def install(app: Flask, db: Any, urls: Mapping[str, str], clock: Clock) -> None:
    """
    Args:
        urls: each Redis, by the name of what it serves.
    """
    app.extensions[KEY] = Readiness(parts_of(db, urls), clock)
    app.register_blueprint(bp)


def parts_of(db: Any, urls: Mapping[str, str]) -> dict[str, Part]:
    """MongoDB, and each Redis by the name of what it serves."""

    def ask_mongo() -> None:
        with pymongo.timeout(TIMEOUT_S):
            db.command("ping")

    parts = {"mongodb": Part(ask_mongo, required=True)}
    for name, url in urls.items():
        never: Retry = Retry(NoBackoff(), 0)
        client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=never)
        parts[name] = Part(client.ping, required=False)
    return parts


@bp.get("/healthz")
@documented("Does the process serve?", tags=("operation",))
def healthz() -> ResponseReturnValue:
    return {"status": "ok"}


@bp.get("/readyz")
@documented(
    "Can it do its work?",
    description="`degraded` without Redis: runs start a little later, streams are checked every 15 s.",
    tags=("operation",),
    answers={200: {"type": "object"}, 503: {"type": "object"}},
)
def readyz() -> ResponseReturnValue:
    seen = current_app.extensions[KEY].look()
    return seen, HTTPStatus.SERVICE_UNAVAILABLE if seen["status"] == "unavailable" else HTTPStatus.OK


@bp.get("/v1")
@documented("Name of the service", tags=("operation",))
def name() -> ResponseReturnValue:
    return {"message": "KubeOrch API", "status": "success"}
