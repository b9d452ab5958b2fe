"""The HTTP layer as gunicorn serves it, with a small application on top (`tests/stream_app.py`)."""

from collections.abc import Iterator

import pytest

from tests.api_process import ApiProcess, api_process
from tests.sse_client import Viewers


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, mongo_uri: str, redis_url: str) -> Iterator[ApiProcess]:
    """One server for all tests of this folder; each test has counters of its own."""
    limits = {"RATE_LIMIT_RPS": "10000", "RATE_LIMIT_BURST": "40000", "STREAM_DRAIN_SECONDS": "0"}
    environment = {"MONGO_URI": mongo_uri, "REDIS_URL": redis_url, **limits}
    with api_process(tmp_path_factory.mktemp("api"), "tests.stream_app:app", environment) as process:
        yield process


@pytest.fixture
def viewers() -> Iterator[Viewers]:
    with Viewers() as readers:
        yield readers
