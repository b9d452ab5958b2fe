"""Fault 22, a run: the wall clock jumps by an hour in its middle, forth or back. It ends as if nothing had happened.

Tokens are judged by the wall clock, as they must be: one that has run out isn't taken, one from the future is no more
than its leeway ahead.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.accounts.tokens import GRACE, LIFE
from app.bootstrap import Services
from app.clock import SystemClock
from app.kube.access import Access
from app.kube.connection import Connection
from tests.api import Person, close_services, make_services
from tests.clusters import RealCluster, add_by_kubeconfig
from tests.nodes import a_node
from tests.workflows import a_run, a_workflow

HOUR: Final = timedelta(hours=1)
NODES: Final = 20


class JumpingClock(SystemClock):
    """The system's, whose wall time can be set."""

    shift = timedelta()

    def now(self) -> datetime:
        return super().now() + self.shift


class Jumpy(Services):
    """At the tenth write to a cluster somebody sets the clock."""

    writes = 0
    jump = timedelta()

    def connect_to_cluster(self, access: Access) -> Connection:
        services = self

        class Setting(Connection):
            def request(self, method: str, path: str, **options: Any) -> Any:
                services.writes += method == "PATCH"
                if services.writes >= NODES // 2:
                    services.set_clock()
                return super().request(method, path, **options)

        return Setting(access, self.cluster_guard, clock=self.clock)

    def set_clock(self) -> None:
        assert isinstance(self.clock, JumpingClock)
        self.clock.shift = self.jump


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Jumpy]:
    plain = make_services(db, mongo_uri, redis_url, cluster_allow_loopback=True)
    made = Jumpy(plain.settings, application="test", clock=JumpingClock())
    yield made
    close_services(made)
    close_services(plain)


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forth", "back"])
def test_22_a_run_doesn_t_notice(
    services: Jumpy, person: Person, real_cluster: RealCluster, namespace: str, jump: timedelta
) -> None:
    add_by_kubeconfig(person.client, real_cluster)
    nodes = [a_node("configmap", f"c{n}", name=f"c{n}", namespace=namespace, data={"a": "1"}) for n in range(NODES)]
    workflow_id = a_workflow(services, person.user.id, nodes, cluster="real")

    services.jump = jump
    first, second = run(services, person, workflow_id), run(services, person, workflow_id)

    assert services.writes >= NODES
    assert isinstance(services.clock, JumpingClock)
    assert services.clock.shift == jump, "it has happened"
    assert [(each["status"], each["version"], each["attempts"]) for each in (first, second)] == [
        ("completed", 1, 0),
        ("completed", 2, 0),
    ]
    listed = services.runs.list(person.user.id, workflow_id, 10)[0]
    assert {each.version for each in listed} == {1, 2}


def run(services: Services, person: Person, workflow_id: ObjectId) -> dict[str, Any]:
    """Started and worked off; its document."""
    started = a_run(services, person.user.id, workflow_id)
    services.jobs.work_off(services.deploys, str(started.id))
    found = services.db["workflow_runs"].find_one({"_id": started.id})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("jump", "status"),
    [(HOUR, 200), (LIFE - GRACE, 200), (LIFE + 2 * GRACE, 401), (-GRACE / 2, 200), (-HOUR, 401)],
)
def test_22_tokens_are_judged_by_the_time_of_day_with_a_leeway(
    services: Jumpy, person: Person, jump: timedelta, status: int
) -> None:
    assert isinstance(services.clock, JumpingClock)

    services.clock.shift = jump

    assert person.client.get("/v1/api/profile").status_code == status
