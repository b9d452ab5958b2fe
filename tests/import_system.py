"""Everything that an import by URL goes through, as processes: gunicorn, Celery workers, a scheduler, a Git host."""

import contextlib
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from app import create_app
from app.bootstrap import Services
from app.settings import load_settings
from tests.api import API, a_person, close_services
from tests.api_process import ApiProcess, api_process
from tests.git_server import GitServer, Handler
from tests.imports import SHOP
from tests.sse_client import Viewer, Viewers
from tests.toy_processes import Toys, installation
from tests.waiting import eventually

WORKER: Final = "workers.celery:celery"
SCHEDULER: Final = "workers.scheduler"


@dataclass
class ImportSystem:
    """A signed-in person in front of it. Workers and schedulers are started by the tests: `processes`."""

    api: ApiProcess
    host: GitServer
    processes: Toys
    services: Services
    headers: Mapping[str, str] = field(repr=False)
    viewers: Viewers
    work_dir: Path

    @property
    def url(self) -> str:
        """A repository with the shop in it."""
        return f"{self.host.url}/team/app"

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON."""
        status, answer = self.api.call(method, f"{API}{path}", body, self.headers)
        assert status < 300, (status, answer)
        return answer

    def analyze(self, **fields: Any) -> Any:
        """POST /import/analyze of the shop; the answer's JSON."""
        return self.call("POST", "/import/analyze", {"source": "git_url", "url": self.url, "branch": "main", **fields})

    def upload(self, content: bytes, name: str = "compose.yaml") -> tuple[int, Any]:
        """POST /import/upload; status and JSON."""
        mark = secrets.token_hex(12)
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        form = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        status, _, answer = self.api.request("POST", f"{API}/import/upload", body, {**self.headers, **form})
        return status, json.loads(answer)

    def session(self, session_id: str) -> Any:
        return self.call("GET", f"/import/{session_id}")["session"]

    def follow(self, session_id: str, last_event_id: str | None = None) -> Viewer:
        """A viewer of its stream."""
        more = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        return self.viewers.open(self.api.port, f"{API}/import/{session_id}/stream", {**self.headers, **more})

    def raw(self, session_id: str) -> Mapping[str, Any]:
        return self.services.import_store.find(ObjectId(session_id)) or {}


class Holding:
    """Holds git's own requests to the host until it is let go. Our look at the refs goes through."""

    def __init__(self, host: GitServer) -> None:
        self.asked = threading.Event()
        self._go = threading.Event()
        host.answer = self._hold

    def let_go(self) -> None:
        self._go.set()

    def _hold(self, request: Handler) -> bool:
        if request.command == "POST" and "KubeOrch" not in request.headers.get("User-Agent", ""):
            self.asked.set()
            self._go.wait(60)
        return False

    def reached(self) -> None:
        """Wait until a clone is in its middle."""
        eventually(self.asked.is_set, within_s=40)


@contextlib.contextmanager
def import_system(
    mongo_uri: str, redis_url: str, db: Database[dict[str, Any]], folder: Path, **settings: str
) -> Iterator[ImportSystem]:
    """Running, but for workers and schedulers."""
    with (
        GitServer(folder / "repositories") as host,
        installation(mongo_uri, redis_url, db, folder) as processes,
        Viewers() as viewers,
    ):
        host.repository("team/app").commit({"compose.yaml": SHOP})
        work_dir = folder / "work"
        ours = {"OUTBOUND_ALLOWLIST": host.host, "GIT_ALLOW_HTTP": "true", "WORK_DIR": str(work_dir)}
        limits = {"RATE_LIMIT_ENABLED": "false", "STREAM_DRAIN_SECONDS": "0"}
        processes.environment = {**processes.environment, **ours, **limits, **settings}
        services = Services(load_settings(processes.environment), application="test")
        services.prepare_store()
        person = a_person(create_app(services), services)
        with api_process(folder, "wsgi:app", processes.environment) as api:
            yield ImportSystem(api, host, processes, services, person.headers, viewers, work_dir)
        close_services(services)


@pytest.fixture(scope="module")
def system(
    mongo_uri: str,
    redis_url: str,
    mongo_client: MongoClient[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ImportSystem]:
    """One for a module, with a worker; for tests that kill nothing."""
    database = f"test_imports_{secrets.token_hex(4)}"
    with import_system(mongo_uri, redis_url, mongo_client[database], tmp_path_factory.mktemp("imports")) as running:
        running.processes.worker(app=WORKER)
        running.processes.ready()
        yield running
    mongo_client.drop_database(database)
