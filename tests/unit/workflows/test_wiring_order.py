"""What edges and dependencies mean for the order of a run, and what is waited for."""

from tests.nodes import a_node, an_edge, plan_of, rendered
from tests.unit.workflows.edges import BOTH_WAYS, before, drawn, the


def test_an_edge_between_workloads_is_order_as_it_is_drawn() -> None:
    plan = plan_of(a_node("job", "a"), a_node("deployment", "b"), an_edge("b", "a"))

    assert before(plan, "b", "a") and the(plan, "a").needs == {"b"}


@BOTH_WAYS
def test_a_dependent_waits_for_the_job_to_complete(reverse: bool) -> None:
    depends = [{"nodeId": "m", "name": "migrate", "condition": "completed", "required": True}]
    plan = plan_of(
        a_node("job", "m", name="migrate"),
        a_node("deployment", "w", dependsOn=depends),
        drawn("m", "w", reverse=reverse),
    )

    assert before(plan, "m", "w")
    assert the(plan, "w").completes == {"m"}


def test_a_dependent_waits_until_the_service_of_its_dependency_answers() -> None:
    depends = [{"nodeId": "d", "name": "db", "condition": "healthy"}]
    nodes = (
        a_node("deployment", "w", name="web", dependsOn=depends, namespace="shop"),
        a_node("deployment", "d", name="db", namespace="data"),
        a_node("service", "s", name="db-service", port=5432),
    )

    pod = rendered(*nodes, an_edge("d", "w"), an_edge("s", "d"), of="w")["spec"]["template"]["spec"]

    (wait,) = pod["initContainers"]
    assert (wait["name"], wait["image"]) == ("wait-for-db", "busybox:1.36")
    assert wait["command"][-2:] == ["db-service.data", "5432"]


def test_a_statefulset_is_asked_at_the_service_it_brings_along() -> None:
    depends = [{"nodeId": "d", "condition": "healthy"}]
    nodes = a_node("deployment", "w", dependsOn=depends), a_node("statefulset", "d", serviceName="peers", port=5432)

    pod = rendered(*nodes, an_edge("d", "w"), of="w")["spec"]["template"]["spec"]

    assert pod["initContainers"][0]["command"][-2:] == ["peers", "5432"]


def test_a_dependency_without_a_service_is_not_waited_for_and_that_is_said() -> None:
    depends = [{"nodeId": "d", "condition": "healthy"}]

    plan = plan_of(
        a_node("deployment", "w", dependsOn=depends), a_node("deployment", "d", name="db"), an_edge("d", "w")
    )

    assert "initContainers" not in the(plan, "w").objects[0]["spec"]["template"]["spec"]
    assert plan.warnings == ("deployment: doesn't wait until db is healthy: no service leads to it",)


def test_what_is_not_required_comes_first_but_its_failure_stops_nothing() -> None:
    depends = [{"nodeId": "d", "condition": "healthy", "required": False}]

    plan = plan_of(
        a_node("deployment", "w", dependsOn=depends), a_node("deployment", "d", name="db"), an_edge("d", "w")
    )

    assert before(plan, "d", "w") and the(plan, "w").needs == set()


def test_a_dependency_without_its_edge_is_of_the_past() -> None:
    plan = plan_of(a_node("deployment", "w", dependsOn=[{"nodeId": "m", "condition": "completed"}]), a_node("job", "m"))

    assert the(plan, "w").completes == set() and the(plan, "w").needs == set()


def test_a_service_that_a_node_makes_is_not_made_twice() -> None:
    plan = plan_of(
        a_node("statefulset", "d", serviceName="db"), a_node("service", "s", name="db", serviceType="Headless")
    )

    assert [obj["kind"] for obj in the(plan, "d").objects] == ["StatefulSet"]


def test_the_graph_itself_is_never_changed() -> None:
    service, workload = a_node("service", "s", targetApp="old", ports=[{"port": 80}]), a_node("deployment", "w")
    paths = [{"id": "p", "serviceName": "old"}]
    ingress = a_node("ingress", "i", paths=paths, serviceName="")
    rules = [{"id": "r", "from": []}]
    policy = a_node("networkpolicy", "n", ingressRules=rules)

    plan_of(service, workload, ingress, policy, an_edge("s", "w"), an_edge("i", "s", at_source="p"),
            an_edge("n", "w", at_source="r"))  # fmt: skip

    assert service["data"]["targetApp"] == "old"
    assert service["data"]["ports"] == [{"port": 80}]
    assert paths == [{"id": "p", "serviceName": "old"}]
    assert rules == [{"id": "r", "from": []}]
