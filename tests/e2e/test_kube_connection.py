"""The connection to a real API server: each way in, each way to fail, many calls at once."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.kube.access import Access
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, UnreachableError
from app.kube.interrupt import Interrupt
from app.kube.payload import Query
from tests.conftest import kubectl
from tests.e2e.kube_access import GUARD, admin_access
from tests.waiting import eventually


@pytest.fixture
def access(kubeconfig: Path) -> Access:
    """The administrator's."""
    return admin_access(kubeconfig)


@pytest.fixture
def with_token(access: Access, kubeconfig: Path) -> Access:
    """A service account's."""
    token = kubectl(kubeconfig, "-n", "kube-system", "create", "token", "kubeorch").strip()
    return replace(access, client_cert=None, client_key=None, token=token)


def who_am_i(access: Access) -> str:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    answer = Connection(access, GUARD).request("POST", path, body=review)
    name: str = answer["status"]["userInfo"]["username"]
    return name


def test_a_client_certificate_gets_in(access: Access) -> None:
    assert who_am_i(access) not in {"", "system:anonymous"}


def test_a_token_gets_in(with_token: Access) -> None:
    assert who_am_i(with_token) == "system:serviceaccount:kube-system:kubeorch"


def test_without_verification_a_token_gets_in_too(with_token: Access) -> None:
    assert who_am_i(replace(with_token, ca=None, insecure=True)).startswith("system:serviceaccount:")


def test_somebody_can_be_impersonated(access: Access) -> None:
    someone = replace(access, impersonate_user="jane doe", impersonate_groups=("devs", "system:authenticated"))

    assert who_am_i(someone) == "jane doe"


def test_a_path_prefix_of_the_server_is_kept(access: Access) -> None:
    with pytest.raises(ApiStatusError) as refused:
        Connection(replace(access, server=f"{access.server}/prefix"), GUARD).request("GET", "/version")

    assert refused.value.status in {403, 404}


@pytest.mark.parametrize(
    ("change", "reason", "text"),
    [
        ({"ca": None}, "tls_untrusted", "is signed by an unknown authority: give its CA certificate"),
        ({"tls_server_name": "web.example"}, "tls_name", "not for web.example: set tlsServerName to one of its names"),
        ({"server": "https://127.0.0.1:1"}, "refused", "127.0.0.1 refuses the connection on port 1: check"),
        ({"server": "https://localhost:5000"}, "not_kubernetes", "localhost answers, but doesn't speak TLS there"),
        ({"server": "https://nothing.invalid"}, "dns", "the host nothing.invalid can't be found"),
        ({"server": "https://169.254.169.254"}, "blocked", "is a metadata address, not allowed here"),
    ],
)
def test_each_failure_says_why_and_what_to_do(access: Access, change: dict[str, Any], reason: str, text: str) -> None:
    with pytest.raises(UnreachableError) as failed:
        Connection(replace(access, **change), GUARD).request("GET", "/version")

    assert (failed.value.reason, text in failed.value.message) == (reason, True), failed.value.message


def test_plain_http_to_a_tls_port_is_no_kubernetes(access: Access) -> None:
    with pytest.raises(UnreachableError) as failed:
        Connection(replace(access, server=access.server.replace("https", "http")), GUARD).request("GET", "/version")

    assert failed.value.reason == "not_kubernetes"


def test_a_wrong_certificate_name_names_the_right_ones(access: Access) -> None:
    with pytest.raises(UnreachableError, match=r"is for .*\bkubernetes\.default\b.*, not for web\.example"):
        Connection(replace(access, tls_server_name="web.example"), GUARD).request("GET", "/version")


def test_a_wrong_token_is_an_answer_of_the_cluster(with_token: Access) -> None:
    with pytest.raises(ApiStatusError) as refused:
        who_am_i(replace(with_token, token="wrong"))

    assert (refused.value.status, refused.value.reason) == (401, "Unauthorized")


def test_a_path_that_doesnt_exist_is_not_found(access: Access) -> None:
    with pytest.raises(ApiStatusError) as refused:
        Connection(access, GUARD).request("GET", "/apis/nothing.example/v1/things")

    assert refused.value.status == 404


def test_many_calls_at_once_share_a_few_connections(access: Access) -> None:
    connection = Connection(access, GUARD, pool_size=4)

    with ThreadPoolExecutor(16) as pool:
        names = list(
            pool.map(lambda _: connection.request("GET", "/api/v1/namespaces/default")["metadata"]["name"], range(200))
        )

    assert names == ["default"] * 200
    assert len(connection._idle) <= 4
    connection.close()


def test_a_blocked_read_of_a_tls_stream_ends_when_interrupted(access: Access) -> None:
    connection, interrupt = Connection(access, GUARD), Interrupt()
    ends: list[bytes | UnreachableError] = []
    query: Query = {"watch": True, "timeoutSeconds": 60, "fieldSelector": "metadata.name=nothing"}
    stream = connection.open("/api/v1/namespaces", query=query, interrupt=interrupt)

    def read() -> None:
        try:
            ends.append(stream.read_some())
        except UnreachableError as error:
            ends.append(error)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    eventually(reading.is_alive)
    interrupt.fire()
    reading.join(1)

    assert ends, "the read must end within a second"
    stream.close()


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import sys, time, gevent
from pathlib import Path
sys.path.insert(0, ".")
from app.kube.connection import Connection
from app.kube.errors import UnreachableError
from app.kube.interrupt import Interrupt
from tests.e2e.kube_access import GUARD, admin_access
connection, interrupt = Connection(admin_access(Path(sys.argv[1])), GUARD), Interrupt()
def watch():
    query = {"watch": True, "timeoutSeconds": 30, "fieldSelector": "metadata.name=nothing"}
    with connection.open("/api/v1/namespaces", query=query, interrupt=interrupt) as stream:
        try:
            stream.read_some()
        except UnreachableError:
            pass
watching = gevent.spawn(watch)
calls = [gevent.spawn(connection.request, "GET", "/api/v1/namespaces/default") for _ in range(50)]
gevent.joinall(calls, timeout=10, raise_error=True)
assert all(call.value["metadata"]["name"] == "default" for call in calls), "calls and a blocked watch go together"
assert not watching.dead
interrupt.fire()
watching.join(1)
assert watching.dead, "a blocked watch can be ended"
print("fine")
"""


def test_it_works_the_same_under_gevent(kubeconfig: Path) -> None:
    command = [sys.executable, "-c", UNDER_GEVENT, str(kubeconfig)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.returncode) == ("fine\n", 0), done.stderr
