"""What is kept of a cluster, and what a change touches, in whatever order the kinds arrive."""

from typing import Any

from app.resources.status.related import Evidence
from app.resources.view import ClusterView, Subject

WEB = Subject("Deployment", "n", "web")


def obj(
    kind: str, name: str, uid: str = "", owner: tuple[str, str] | None = None, labels: dict[str, str] | None = None
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "n", "uid": uid or name, "labels": labels or {}}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "uid": owner[1], "controller": True}]
    return {"kind": kind, "metadata": metadata}


def pod(name: str, owner: tuple[str, str]) -> dict[str, Any]:
    return obj("Pod", name, owner=owner) | {"status": {"phase": "Running"}}


def test_a_pod_that_comes_before_its_replica_set_waits_for_it() -> None:
    view = ClusterView()
    view.put("Deployment", obj("Deployment", "web"))

    alone = view.put("Pod", pod("web-1", ("ReplicaSet", "rs")))
    touched = view.put("ReplicaSet", obj("ReplicaSet", "rs", owner=("Deployment", "web")))

    assert (alone, touched) == (set(), {WEB})
    assert [each.name for each in view.related(WEB, view.objects[WEB]).pods] == ["web-1"]
    assert view.put("Pod", pod("web-2", ("ReplicaSet", "rs"))) == {WEB}


def test_a_pod_that_goes_touches_its_owner() -> None:
    view = ClusterView()
    view.put("StatefulSet", obj("StatefulSet", "db"))
    view.put("Pod", pod("db-0", ("StatefulSet", "db")))

    touched, gone = view.removed("Pod", pod("db-0", ("StatefulSet", "db")))

    assert (touched, gone) == ({Subject("StatefulSet", "n", "db")}, {})
    assert view.pods == {}


def test_a_list_deletes_what_it_lacks_of_its_own_kind_only() -> None:
    view = ClusterView()
    view.put("Deployment", obj("Deployment", "web"))
    view.put("Deployment", obj("Deployment", "old"))
    view.put("ConfigMap", obj("ConfigMap", "c"))

    _, gone = view.replaced("Deployment", [obj("Deployment", "web")])

    assert list(gone) == [Subject("Deployment", "n", "old")]
    assert Subject("ConfigMap", "n", "c") in view.objects


def test_an_object_made_anew_under_its_name_is_not_gone() -> None:
    view = ClusterView()
    view.put("Deployment", obj("Deployment", "web", uid="1"))

    touched, gone = view.replaced("Deployment", [obj("Deployment", "web", uid="2")])
    late = view.removed("Deployment", obj("Deployment", "web", uid="1"))

    assert (touched, gone, late) == ({WEB}, {}, (set(), {}))
    assert view.objects[WEB]["metadata"]["uid"] == "2"


def test_endpoints_touch_their_service() -> None:
    view = ClusterView()
    service = Subject("Service", "n", "web")
    view.put("Service", obj("Service", "web"))
    slice_ = obj("EndpointSlice", "web-x", labels={"kubernetes.io/service-name": "web"})

    touched = view.put("EndpointSlice", slice_ | {"endpoints": [{"conditions": {"ready": True}}]})

    assert touched == {service}
    assert view.related(service, view.objects[service]).endpoints_ready == 1
    assert view.removed("EndpointSlice", slice_) == ({service}, {})
    assert view.related(service, view.objects[service]).endpoints_ready == 0


def test_evidence_goes_with_its_pod() -> None:
    view = ClusterView()
    view.put("DaemonSet", obj("DaemonSet", "agent"))
    view.put("Pod", pod("agent-1", ("DaemonSet", "agent")))

    touched = view.add_evidence("agent-1", Evidence(last_lines=("boom",)))
    view.removed("Pod", pod("agent-1", ("DaemonSet", "agent")))

    assert touched == {Subject("DaemonSet", "n", "agent")}
    assert view.evidence == {}
    assert view.add_evidence("unknown", Evidence()) == set()


def test_a_pod_touches_the_policies_of_its_namespace() -> None:
    view = ClusterView()
    view.put("NetworkPolicy", obj("NetworkPolicy", "p"))

    assert view.put("Pod", pod("x", ("Job", "j"))) == {Subject("NetworkPolicy", "n", "p")}
