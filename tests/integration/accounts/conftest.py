"""Accounts on a clock that tests turn and with cheap bcrypt: its cost is checked in tests/unit/accounts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from app.accounts.passwords import Passwords
from app.bootstrap import Services
from tests.api import close_services, make_services
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """Starts now: the store deletes expired sessions by its own clock."""
    return FakeClock(datetime.now(UTC))


def cheap(services: Services) -> Services:
    services.passwords = Passwords(cost=4, min_length=services.settings.password_min_length)
    return services


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, clock: FakeClock) -> Iterator[Services]:
    made = cheap(make_services(db, mongo_uri, redis_url, clock=clock))
    yield made
    close_services(made)
