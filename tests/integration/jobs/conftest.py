"""Toy jobs with a clock that tests turn."""

from typing import Any

import pytest
from pymongo.database import Database

from tests.fake_clock import FakeClock
from tests.integration.jobs.toy import ToyKind


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def toys(db: Database[dict[str, Any]], clock: FakeClock) -> ToyKind:
    return ToyKind(db, clock)
