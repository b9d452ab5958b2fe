"""The demo beside the running parts: sign in, add the cluster, run the example, show it becoming healthy.

Everything goes through the HTTP surface that the web UI uses. What it made is kept in the data folder's `demo.json`.
"""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from launcher.api import Api, ApiError
from launcher.data import DataFolder, read_json, write_private
from launcher.example import DESCRIPTION, NAME, example_edges, example_nodes
from launcher.kubeconfig import LocalCluster, NoClusterError, local_cluster
from launcher.listening import Listener
from launcher.parts import Plan
from launcher.practice import DISPLAY_NAME, is_wanted, practice_cluster
from launcher.run import addresses, wait_until_ready
from launcher.states import States
from launcher.table import display

ALL_WITHIN_S: Final = 120.0
EMAIL: Final = "admin@kubeorch.local"


class DemoError(Exception):
    """The example can't be shown; the message says why and what to do."""


def demo(plan: Plan, data: DataFolder, kept: Mapping[str, str]) -> int | None:
    """The exit status with DEMO_EXIT=1, else None: go on serving."""
    leave = os.environ.get("DEMO_EXIT", "") not in ("", "0")
    deadline = time.monotonic() + ALL_WITHIN_S
    memory = Memory(data)
    try:
        if not wait_until_ready(plan, within_s=ALL_WITHIN_S / 2):
            raise DemoError(f"the API doesn't become ready; see {data.logs / 'api.log'}")
        states = show_example(Api(f"http://127.0.0.1:{plan.port}"), memory, deadline)
        problem = "" if states.all_healthy else states.what_is_missing()
    except (DemoError, NoClusterError, ApiError) as error:
        problem = str(error)
    if problem:
        print(f"\nThe example isn't healthy: {problem}" if memory.signed_in else f"\n{problem}", flush=True)
    else:
        print("\nAll healthy.", flush=True)
    if leave:
        return 1 if problem else 0
    print(f"{addresses(plan, kept)}\n  sign in        {memory.sign_in()}\nCtrl-C stops everything.", flush=True)
    return None


@dataclass(slots=True)
class Memory:
    """`demo.json`: the account, the workflow, the example's password, the names' suffix."""

    data: DataFolder
    signed_in: bool = False
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = read_json(self.data.path / "demo.json")
        self.keep("email", self.values.get("email") or EMAIL)
        self.keep("password", self.values.get("password") or secrets.token_urlsafe(12))
        self.keep("site_password", self.values.get("site_password") or secrets.token_urlsafe(12))
        self.keep("suffix", self.values.get("suffix") or secrets.token_hex(2))

    def keep(self, name: str, value: str) -> None:
        if self.values.get(name) != value:
            self.values[name] = value
            write_private(self.data.path / "demo.json", json.dumps(self.values, indent=2) + "\n")

    def sign_in(self) -> str:
        if not self.signed_in:
            return "with your own account (POST /v1/api/auth/login)"
        return f"{self.values['email']}  password {self.values['password']}"


def show_example(anonymous: Api, memory: Memory, deadline: float) -> States:
    """From the sign-in to the last healthy node; what is known when the time is up."""
    api = sign_in(anonymous, memory)
    if is_wanted(os.environ):
        cluster = add_cluster(
            api, practice_cluster(memory.data), DISPLAY_NAME, "Simulated on this machine: runs nothing"
        )
    else:
        local = local_cluster(os.environ)
        cluster = add_cluster(api, local, local.name, "From the kubeconfig of this machine")
    workflow = example_workflow(api, memory, cluster)
    shown = DISPLAY_NAME if is_wanted(os.environ) else cluster
    print(f'Running "{NAME}" on cluster {shown}:', flush=True)
    return follow(api, workflow, run(api, workflow, memory), deadline)


def sign_in(api: Api, memory: Memory) -> Api:
    """As the demo's admin, who is the first user of a fresh store."""
    account = {"email": memory.values["email"], "password": memory.values["password"]}
    try:
        answer = api.call("POST", "/v1/api/auth/login", account)
    except ApiError as error:
        if error.status != 401:
            raise
        answer = register(api, account)
    memory.signed_in = True
    return Api(api.root, answer["token"])


def register(api: Api, account: Mapping[str, str]) -> Any:
    try:
        return api.call("POST", "/v1/api/auth/register", {"name": "Demo admin", **account})
    except ApiError as error:
        if error.status not in (403, 409):
            raise
        raise DemoError(
            f"The store has users already, and {account['email']} with the password of demo.json isn't one of them. "
            "Sign in with your own account, or start the demo with an empty folder: KUBEORCH_DATA=~/kubeorch-demo."
        ) from None


def add_cluster(api: Api, cluster: LocalCluster, display_name: str, description: str) -> str:
    """By its name; one that is known already gets the kubeconfig's present credentials."""
    credentials = {"kubeconfig": cluster.kubeconfig}
    new = {
        "name": cluster.name,
        "displayName": display_name,
        "description": description,
        "server": cluster.server,
        "authType": "kubeconfig",
        "credentials": credentials,
    }
    try:
        try:
            api.call("POST", "/v1/api/clusters", new)
        except ApiError as error:
            if error.status != 409:
                raise
            api.call("PUT", f"/v1/api/clusters/{cluster.name}/credentials", {"credentials": credentials})
    except ApiError as error:
        raise DemoError(f"The cluster {cluster.name} ({cluster.server}) can't be used: {error}") from None
    return cluster.name


def example_workflow(api: Api, memory: Memory, cluster: str) -> str:
    """The id of the one made earlier, if it is still there, else of a new one; published."""
    if known := memory.values.get("workflow"):
        try:
            document = api.call("GET", f"/v1/api/workflows/{known}")
        except ApiError as error:
            if error.status != 404:
                raise
        else:
            if document.get("cluster_id") != cluster:
                api.call("PUT", f"/v1/api/workflows/{known}", {"cluster_id": cluster})
            if document.get("status") != "published":
                publish(api, known)
            return known
    body = {"name": NAME, "description": DESCRIPTION, "cluster_id": cluster}
    workflow = str(api.call("POST", "/v1/api/workflows", body)["id"])
    # The objects of one that was deleted may still be there: names are used once.
    memory.keep("suffix", secrets.token_hex(2) if known else memory.values["suffix"])
    graph = {"nodes": example_nodes(memory.values["suffix"]), "edges": example_edges()}
    api.call("POST", f"/v1/api/workflows/{workflow}/save", graph)
    publish(api, workflow)
    memory.keep("workflow", workflow)
    return workflow


def publish(api: Api, workflow: str) -> None:
    api.call("PUT", f"/v1/api/workflows/{workflow}/status", {"status": "published"})


def run(api: Api, workflow: str, memory: Memory) -> str:
    """The id of the run that was started, or of the one that is going on."""
    trigger = {"secrets": {"password": {"password": memory.values["site_password"]}}}
    try:
        return str(api.call("POST", f"/v1/api/workflows/{workflow}/run", {"trigger_data": trigger})["run_id"])
    except ApiError as error:
        if error.status != 409:
            raise
    return str(api.call("GET", f"/v1/api/workflows/{workflow}/runs?limit=1")["runs"][0]["id"])


def follow(api: Api, workflow: str, run_id: str, deadline: float) -> States:
    """Show each change until all is well, the run has failed or the time is up."""
    states, listener = States(run_id), Listener(api, f"/v1/api/workflows/{workflow}/status/stream")
    with contextlib.closing(listener), display() as shown:
        while not (states.all_healthy or states.failed):
            event = listener.next(within_s=deadline - time.monotonic())
            if event is None:
                break
            if event.name == "metadata":  # the run may have ended before we began to listen
                states.take_run(api.call("GET", f"/v1/api/workflows/{workflow}/runs/{run_id}"))
            states.take(event)
            shown.show(states)
    if states.failed:
        states.take_run(api.call("GET", f"/v1/api/workflows/{workflow}/runs/{run_id}"))  # with its reason
    return states
