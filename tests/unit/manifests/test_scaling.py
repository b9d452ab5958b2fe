"""What an autoscaler decided stays."""

from app.manifests.scaling import with_replicas_of
from tests.nodes import a_node, an_edge, plan_of


def test_the_cluster_s_replicas_stay() -> None:
    plan = plan_of(a_node("deployment", "w", name="web", replicas=2), a_node("hpa", "h"), an_edge("h", "w"))
    web = plan.nodes[0].objects[0]

    assert with_replicas_of(web, {"spec": {"replicas": 7}})["spec"]["replicas"] == 7
    assert with_replicas_of(web, {"spec": {"replicas": 0}})["spec"]["replicas"] == 0
    assert "replicas" not in web["spec"], "the rendered object isn't changed"


def test_a_new_workload_has_the_api_s_default() -> None:
    web = plan_of(a_node("deployment"), a_node("hpa"), an_edge("hpa", "deployment")).nodes[0].objects[0]

    assert with_replicas_of(web, None) is web
