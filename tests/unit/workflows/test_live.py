"""Which node a cluster's object is, and what of it has changed."""

from app.workflows.live import changed_live

DOCUMENT = {
    "nodes": {
        "web": {"type": "deployment", "live": {"state": "partial"}},
        "db": {"type": "statefulset"},
        "a b": {"type": "configmap"},
    }
}


def test_only_what_differs_is_changed() -> None:
    states = {("web", "Deployment"): {"state": "partial"}, ("db", "StatefulSet"): {"state": "healthy"}}

    assert changed_live(DOCUMENT, states) == {"db": {"state": "healthy"}}


def test_a_further_object_of_a_node_does_not_decide_its_state() -> None:
    assert changed_live(DOCUMENT, {("db", "Service"): {"state": "healthy"}}) == {}


def test_a_node_whose_id_is_no_label_value_is_found_by_its_hash() -> None:
    from app.manifests.labels import node_label

    assert changed_live(DOCUMENT, {(node_label("a b"), "ConfigMap"): {"state": "created"}}) == {
        "a b": {"state": "created"}
    }


def test_an_object_of_a_node_that_is_gone_changes_nothing() -> None:
    assert changed_live(DOCUMENT, {("old", "Deployment"): {"state": "healthy"}}) == {}
