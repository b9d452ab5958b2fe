"""A cluster in the store for each person: workflows name one."""

import pytest

from app.bootstrap import Services
from tests.api import Person
from tests.workflows import a_cluster


@pytest.fixture
def cluster(services: Services, person: Person) -> None:
    """`prod`, of `person`; its server doesn't exist."""
    a_cluster(services, person.user.id)
