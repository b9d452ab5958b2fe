"""A small application on the real HTTP layer: counters as streamed documents, so that its promises can be tested alone.

`gunicorn -c gunicorn.conf.py tests.stream_app:app`. A counter is `{_id, rev}` in MongoDB; each bump raises rev and
publishes it. Sessions are made up: `Authorization: Bearer <session>`, alive until they are put into `ended`.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bson import ObjectId
from flask import Flask, request
from flask.typing import ResponseReturnValue
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database

from app.bootstrap import Services
from app.errors import NotFoundError, UnauthorizedError
from app.events.bus import EventBus
from app.events.message import Event
from app.http.auth import signed_in
from app.http.body_limits import body_limit
from app.http.context import services
from app.http.principal import Principal
from app.http.requests import read_json
from app.http.setup import install
from app.http.sse import Snapshot, document_stream
from app.http.streams import streams
from app.logs import configure_logs
from app.settings import load_settings

TOKEN_LIFE = timedelta(hours=24)
STATES = ("state", "sync")  # events that hold the whole state


class Counter:
    """A document that is written and published as a domain does it."""

    def __init__(self, db: Database[dict[str, Any]], bus: EventBus, name: str = "") -> None:
        self.name = name or secrets.token_hex(12)
        self._counters, self._bus = db["counters"], bus

    def bump(
        self, times: int = 1, *, publish: bool = True, final: bool = False, text: str = "", tell: bool = False
    ) -> int:
        """Raise it; gives its rev. `tell`: people want to have heard of that one."""
        rev = 0
        for _ in range(times):
            change: dict[str, Any] = {"$inc": {"rev": 1}, "$set": {"over": final}}
            after = self._counters.find_one_and_update(
                {"_id": self.name}, change, upsert=True, return_document=ReturnDocument.AFTER
            )
            rev = after["rev"] if after else 0
            if publish:
                self._bus.publish(f"workflow:{self.name}", [Event("count", {"rev": rev, "text": text}, final)], rev)
        if tell:
            self._counters.update_one({"_id": self.name}, {"$set": {"told": rev}})
        return rev


def environment_for(mongo_uri: str, redis_url: str, db: Database[dict[str, Any]], **more: str) -> dict[str, str]:
    """Of a server of this application on a test's own database, stopped at once."""
    own = urlsplit(mongo_uri)._replace(path=f"/{db.name}").geturl()
    limits = {"RATE_LIMIT_RPS": "10000", "RATE_LIMIT_BURST": "40000", "STREAM_DRAIN_SECONDS": "0"}
    return {"MONGO_URI": own, "REDIS_URL": redis_url, **limits, **more}


@dataclass(frozen=True, slots=True)
class CounterStream:
    """A `StreamSource`."""

    counters: Collection[dict[str, Any]]
    name: str

    @property
    def channel(self) -> str:
        return f"workflow:{self.name}"

    def snapshot(self) -> Snapshot:
        return self._read("state")

    def sync(self) -> Snapshot:
        return self._read("sync")

    def _read(self, event: str) -> Snapshot:
        found = self.counters.find_one({"_id": self.name})
        if found is None:
            raise NotFoundError("Counter not found")
        state = Event(event, {"rev": found["rev"]}, final=found.get("over", False))
        told = found.get("told")
        return Snapshot([state], found["rev"], [(told, Event("told", {"rev": told}))] if told else [])


class MadeUpSessions:
    """An `Authenticator`: every token is a session's name, and good until it is ended. Shared by MongoDB."""

    def __init__(self, ended: Collection[dict[str, Any]]) -> None:
        self._ended = ended

    def authenticate(self, token: str) -> Principal:
        if self._ended.find_one({"_id": token}):
            raise UnauthorizedError("Invalid or expired token")
        life = timedelta(seconds=float(token.partition(":")[2])) if ":" in token else TOKEN_LIFE
        expires_at = datetime.now(UTC) + life
        return Principal(ObjectId("6" * 24), "user", token, "ada@example.org", "Ada", expires_at)

    def prefetch(self, principals: Iterable[Principal]) -> None:
        """Nothing is cached."""

    def alive(self, principal: Principal) -> bool:
        return self._ended.find_one({"_id": principal.session_id}) is None


class TestServices(Services):
    """As the product's, but for sessions."""

    __test__ = False

    @property
    def authenticator(self) -> MadeUpSessions:
        return MadeUpSessions(self.db["ended"])


def make_app(made: Services) -> Flask:
    app = Flask("stream_app", static_folder=None)
    install(app, made)
    counters = made.db["counters"]

    @app.post("/v1/api/counters/<name>")
    def bump(name: str) -> ResponseReturnValue:
        return {"rev": Counter(made.db, services().bus, name).bump(**read_json())}

    @app.get("/v1/api/counters/<name>")
    def read(name: str) -> ResponseReturnValue:
        return counters.find_one({"_id": name}) or {}

    @app.get("/v1/api/counters/<name>/stream")
    def stream(name: str) -> ResponseReturnValue:
        return document_stream(CounterStream(counters, name))

    @app.get("/v1/api/counters/<name>/private")
    @signed_in
    def private(name: str) -> ResponseReturnValue:
        return document_stream(CounterStream(counters, name))

    @app.post("/v1/api/sessions/<name>/end")
    def end(name: str) -> ResponseReturnValue:
        made.db["ended"].insert_one({"_id": name})
        return {}

    @app.post("/v1/api/echo")
    def echo() -> ResponseReturnValue:
        return {"got": read_json()}

    @app.post("/v1/api/upload")
    @body_limit(64 * 1024)
    def upload() -> ResponseReturnValue:
        return {"bytes": len(request.get_data())}

    @app.get("/v1/api/fail")
    def fail() -> ResponseReturnValue:
        raise ValueError("a secret inside")

    @app.get("/v1/api/check")
    def check() -> ResponseReturnValue:
        return {"behind": streams().revs.check()}

    def revs(names: Iterable[str]) -> dict[str, int | None]:
        found = {item["_id"]: item["rev"] for item in counters.find({"_id": {"$in": list(names)}})}
        return {name: found.get(name) for name in names}

    with app.app_context():
        streams().revs.register("workflow", revs)
    return app


def __getattr__(name: str) -> Flask:
    """`app` for gunicorn; made when it is asked for, so that tests can import this module."""
    if name != "app":
        raise AttributeError(name)
    settings = load_settings()
    configure_logs(settings.log_level)
    return make_app(TestServices(settings, application="kubeorch-test-api"))
