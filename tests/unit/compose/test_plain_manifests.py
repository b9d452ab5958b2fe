"""Plain manifests: what a node can say is taken over, the rest is a finding, and what is applied is the same."""

import json
import random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.compose.detection import Analysed, analysed
from app.compose.options import Options
from app.compose.work import numbered_ids
from app.errors import InvalidError
from app.manifests.graph import Graph
from app.workflows.plan import Given, make_plan
from app.workflows.sanitise import sanitised

CLEAN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, team: shop}, annotations: {example.com/owner: shop}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, team: shop}, annotations: {example.com/owner: shop}}
    spec:
      serviceAccountName: web
      terminationGracePeriodSeconds: 45
      nodeSelector: {disk: fast}
      imagePullSecrets: [{name: pull}]
      initContainers:
        - {name: migrate, image: "example/web:1", command: [migrate], env: [{name: STAGE, value: live}]}
      containers:
        - name: web
          image: example/web:1
          imagePullPolicy: Always
          command: [serve]
          args: [--port, "8080"]
          workingDir: /app
          ports: [{name: http, containerPort: 8080, protocol: TCP}, {name: metrics, containerPort: 9090}]
          env: [{name: LEVEL, value: info}]
          envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: login}, prefix: DB_}]
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 500m, memory: 128Mi}}
          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 5}
          livenessProbe: {exec: {command: [alive]}, initialDelaySeconds: 3, timeoutSeconds: 2}
          securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts:
            - {name: settings, mountPath: /etc/web/web.conf, subPath: web.conf, readOnly: true}
            - {name: data, mountPath: /data}
            - {name: scratch, mountPath: /tmp}
      volumes:
        - {name: settings, configMap: {name: settings, defaultMode: 0440}}
        - {name: data, persistentVolumeClaim: {claimName: data}}
        - {name: scratch, emptyDir: {medium: Memory, sizeLimit: 16Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web, team: shop}, ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9090}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {web.conf: "listen 8080;\\n", MODE: live}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
type: Opaque
stringData: {user: example-user, pass: example-only}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteMany], storageClassName: fast, resources: {requests: {storage: 5Gi}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - {name: db, image: "postgres:17", ports: [{containerPort: 5432, name: tcp}],
           volumeMounts: [{name: disk, mountPath: /var/lib/postgresql/data, subPath: pg}]}
  volumeClaimTemplates:
    - {metadata: {name: disk}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 2
      template:
        spec: {restartPolicy: Never, containers: [{name: report, image: "example/report:1"}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: cert}]
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 6
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
    - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 90}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432, protocol: TCP}]}]
  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {namespaceSelector: {}}]}]
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example/web:1"}]}
"""


def read(text: str, options: Options | None = None) -> Analysed:
    return analysed({"k8s.yaml": text.encode()}, options or Options(), ids=numbered_ids())


def graph_of(found: Analysed) -> Graph:
    return Graph(found.analysis["suggestedNodes"], found.analysis["suggestedEdges"])


def data_of(found: Analysed, title: str) -> dict[str, Any]:
    kind, _, name = title.partition("/")
    nodes = [n for n in found.analysis["suggestedNodes"] if (n["type"], n["data"]["name"]) == (kind, name)]
    assert len(nodes) == 1, [f"{n['type']}/{n['data']['name']}" for n in found.analysis["suggestedNodes"]]
    data: dict[str, Any] = nodes[0]["data"]
    return data


def edges_of(found: Analysed) -> set[tuple[str, str]]:
    titles = {n["id"]: f"{n['type']}/{n['data']['name']}" for n in found.analysis["suggestedNodes"]}
    return {(titles[edge["source"]], titles[edge["target"]]) for edge in found.analysis["suggestedEdges"]}


def said(found: Analysed, level: str = "") -> list[str]:
    return [
        f"{one.get('service')}: {one.get('key')}: {one['message']}"
        for one in found.analysis["findings"]
        if level in ("", one["level"])
    ]


def objects(found: Analysed) -> dict[tuple[str, str], dict[str, Any]]:
    plan = make_plan(
        graph_of(found), workflow_id="w", instance="i", default_namespace="default",
        given=Given(secrets=found.secret_values),
    )  # fmt: skip
    made = [json.loads(json.dumps(obj)) for node in plan.nodes for obj in node.objects]
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in made}


def with_pod(text: str) -> str:
    """The Deployment with more in its pod (lines of flow YAML)."""
    return DEPLOYMENT.replace("spec: {containers:", "spec: {" + text + ", containers:")


def with_container(text: str) -> str:
    return DEPLOYMENT.replace('image: "example/web:1"', f'image: "example/web:1", {text}')


# --- all that nodes have ----------------------------------------------------------------------------------------


def test_what_nodes_can_say_comes_without_a_finding() -> None:
    assert said(read(CLEAN)) == []


def test_applying_the_nodes_gives_the_same_objects() -> None:
    made = objects(read(CLEAN))

    for original in yaml.safe_load_all(CLEAN):
        obj = made[original["kind"], original["metadata"]["name"]]
        assert missing(comparable(original), comparable(obj)) == [], original["metadata"]["name"]


def comparable(obj: dict[str, Any]) -> dict[str, Any]:
    """Names of volumes are nobody's business, Secrets are base64, autoscaled workloads have no replicas."""
    found = json.loads(json.dumps(obj))
    found.pop("stringData", None)
    spec = found.get("spec", {})
    pod = spec.get("template", {}).get("spec")
    if pod:
        names = {
            volume["name"]: json.dumps({k: v for k, v in volume.items() if k != "name"})
            for volume in pod.pop("volumes", [])
        }
        for container in pod["containers"]:
            mounts = container.pop("volumeMounts", [])
            container["mounts"] = {m["mountPath"]: {**m, "name": names.get(m["name"], m["name"])} for m in mounts}
    if found["metadata"]["name"] == "web":
        spec.pop("replicas", None)
    return found  # type: ignore[no-any-return]


def missing(wanted: Any, held: Any, path: str = "") -> list[str]:
    if isinstance(wanted, dict) and isinstance(held, dict):
        return [place for key, part in wanted.items() for place in missing(part, held.get(key), f"{path}.{key}")]
    if isinstance(wanted, list) and isinstance(held, list) and len(wanted) == len(held):
        return [place for n, part in enumerate(wanted) for place in missing(part, held[n], f"{path}[{n}]")]
    return [] if wanted == held else [f"{path}: {wanted!r} != {held!r}"]


def test_edges_come_from_selectors_references_and_backends() -> None:
    assert edges_of(read(CLEAN)) == {
        ("service/web", "deployment/web"), ("service/db", "statefulset/db"), ("configmap/settings", "deployment/web"),
        ("secret/login", "deployment/web"), ("persistentvolumeclaim/data", "deployment/web"),
        ("ingress/web", "service/web"), ("hpa/web", "deployment/web"), ("networkpolicy/db", "statefulset/db"),
        ("networkpolicy/db", "deployment/web"),
    }  # fmt: skip


def test_values_of_secrets_are_beside_the_graph() -> None:
    found = read(CLEAN)

    assert "example-only" not in json.dumps(found.analysis)
    assert list(found.secret_values.values()) == [{"user": "example-user", "pass": "example-only"}]
    assert data_of(found, "secret/login")["keys"] == [{"id": "user", "name": "user"}, {"id": "pass", "name": "pass"}]


def test_a_save_finds_nothing_to_mend() -> None:
    graph = graph_of(read(CLEAN))

    saved = sanitised(json.loads(json.dumps(graph.nodes)), json.loads(json.dumps(graph.edges)))

    assert (saved.nodes, saved.edges) == (graph.nodes, graph.edges)


def test_services_of_the_answer_are_the_workloads() -> None:
    services = read(CLEAN).analysis["services"]

    assert [(one["name"], one["kind"], one["image"]) for one in services] == [
        ("web", "deployment", "example/web:1"), ("db", "statefulset", "postgres:17"),
        ("report", "cronjob", "example/report:1"),
    ]  # fmt: skip
    assert services[0]["environment"] == {"LEVEL": "info"}


# --- what isn't the same ----------------------------------------------------------------------------------------

LEFT_OUT = [
    (DEPLOYMENT.replace("  selector", "  strategy: {type: Recreate}\n  selector"), "spec.strategy"),
    (DEPLOYMENT.replace("  selector", "  minReadySeconds: 5\n  selector"), "spec.minReadySeconds"),
    (with_pod("priorityClassName: high"), "priorityClassName"),
    (with_pod("tolerations: [{operator: Exists}]"), "tolerations"),
    (with_pod("affinity: {podAntiAffinity: {x: y}}"), "affinity"),
    (with_container("lifecycle: {preStop: {exec: {command: [x]}}}"), "lifecycle"),
    (with_container("startupProbe: {tcpSocket: {port: 1}}"), "startupProbe"),
    (with_container("ports: [{containerPort: 80, hostPort: 80}]"), "hostPort"),
    (with_container("readinessProbe: {httpGet: {port: 80, scheme: HTTPS}}"), "scheme"),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nimmutable: true\ndata: {a: b}", "immutable"),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbinaryData: {a: AA==}", "binaryData"),
]


@pytest.mark.parametrize(("text", "field"), LEFT_OUT, ids=[field for _, field in LEFT_OUT])
def test_a_field_that_no_node_has_is_a_warning(text: str, field: str) -> None:
    warnings = said(read(text), "warning")

    assert len(warnings) == 1, warnings
    assert field in warnings[0]
    assert "no node has this field: it is left out" in warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        with_pod("dnsPolicy: ClusterFirst, restartPolicy: Always, schedulerName: default-scheduler"),
        with_container("terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File, resources: {}"),
        DEPLOYMENT.replace("  selector", "  progressDeadlineSeconds: 600\n  revisionHistoryLimit: 10\n"
                           "  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}\n"
                           "  selector"),
        DEPLOYMENT.replace("{name: web}", "{name: web, uid: x, resourceVersion: '1', generation: 2, managedFields: [],"
                           " annotations: {deployment.kubernetes.io/revision: '3'}}", 1) + "status: {replicas: 1}\n",
    ],
)  # fmt: skip
def test_what_a_cluster_wrote_itself_is_no_finding(text: str) -> None:
    assert said(read(text)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}", "there is no node of this kind"),
        ("apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}", "there is no node of this kind"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}", "is no node"),
        (DEPLOYMENT, "is in the files twice"),
        ("apiVersion: v1\nkind: Service\nmetadata: {}\nspec: {}", "has no name"),
        ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: none}\nspec: {}", "has no container"),
    ],
)
def test_an_object_that_no_node_can_be_is_a_finding(text: str, message: str) -> None:
    found = read(DEPLOYMENT + "---\n" + text)

    assert [one for one in said(found) if message in one] != []
    assert len(found.analysis["suggestedNodes"]) == 1


def test_nothing_but_strange_kinds_is_refused() -> None:
    with pytest.raises(InvalidError, match="ServiceAccount, Thing") as refusal:
        read("apiVersion: v1\nkind: ServiceAccount\n---\napiVersion: x/v1\nkind: Thing\n")

    assert refusal.value.extra["code"] == "NOTHING_FOUND"


def test_further_containers_are_left_out_and_named() -> None:
    text = DEPLOYMENT.replace("}]}", '}, {name: proxy, image: "envoy:1"}]}')

    assert any("proxy: a node has one container" in one for one in said(read(text), "warning"))


def test_a_namespace_is_for_what_names_none() -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
    other = DEPLOYMENT.replace("{name: web}", "{name: other, namespace: elsewhere}", 1)

    found = read(namespace + DEPLOYMENT + "---\n" + other)

    assert data_of(found, "deployment/web")["namespace"] == "shop"
    assert data_of(found, "deployment/other")["namespace"] == "elsewhere"
    assert data_of(read(DEPLOYMENT, Options(namespace="asked")), "deployment/web")["namespace"] == "asked"
    assert "namespace" not in data_of(read(DEPLOYMENT), "deployment/web")


def test_a_selector_that_isnt_the_name_is_followed() -> None:
    """Pods are labelled with their node's name: what selects the old label must still find them."""
    web = DEPLOYMENT.replace("{name: web}", "{name: web-server}", 1)
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}"

    found = read(web + "---\n" + service)

    made = objects(found)
    pod = made["Deployment", "web-server"]["spec"]["template"]["metadata"]["labels"]
    assert made["Service", "web"]["spec"]["selector"].items() <= pod.items()
    assert ("service/web", "deployment/web-server") in edges_of(found)
    assert any("spec.selector" in one and "deleted first" in one for one in said(found, "warning"))


def test_an_ingress_of_several_hosts_becomes_several() -> None:
    rule = (
        "{host: %s, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}"
    )
    ingress = f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web}}
spec:
  tls: [{{hosts: [b.example.com], secretName: cert}}]
  rules: [{rule % "a.example.com"}, {rule % "b.example.com"}]
"""
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
    )

    found = read("---\n".join([DEPLOYMENT, service, ingress]))

    assert [data_of(found, f"ingress/{name}")["host"] for name in ("web", "web-2")] == [
        "a.example.com",
        "b.example.com",
    ]
    assert "tlsEnabled" not in data_of(found, "ingress/web")
    assert data_of(found, "ingress/web-2")["tlsSecretName"] == "cert"


# --- environment ------------------------------------------------------------------------------------------------

LOGIN = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\ndata: {password: ZXhhbXBsZS1vbmx5}\n---\n"


def test_a_secret_in_plain_environment_moves_to_a_secret() -> None:
    found = read(with_container("env: [{name: API_TOKEN, value: only-an-example}, {name: LEVEL, value: info}]"))

    assert "only-an-example" not in json.dumps(found.analysis)
    assert data_of(found, "deployment/web")["env"] == {"LEVEL": "info"}
    assert data_of(found, "secret/web-env")["keys"] == [{"id": "API_TOKEN", "name": "API_TOKEN"}]
    assert list(found.secret_values.values()) == [{"API_TOKEN": "only-an-example"}]


def test_a_key_of_a_secret_comes_under_its_other_name() -> None:
    ref = "env: [{name: DB_PASS, valueFrom: {secretKeyRef: {name: login, key: password}}}]"

    found = read(LOGIN + with_container(ref))

    made = objects(found)
    assert made["Secret", "web-env"]["data"] == {"DB_PASS": "ZXhhbXBsZS1vbmx5"}
    container = made["Deployment", "web"]["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"] == [{"secretRef": {"name": "web-env"}}]


def test_a_key_under_its_own_name_comes_from_the_whole_secret() -> None:
    ref = "env: [{name: password, valueFrom: {secretKeyRef: {name: login, key: password}}}]"

    found = read(LOGIN + with_container(ref))

    entry = data_of(found, "deployment/web")["envFrom"][0]
    assert (entry["type"], entry["name"]) == ("secret", "login")
    assert any("all keys of the secret login" in one for one in said(found))


def test_a_key_of_a_configmap_is_written_out() -> None:
    settings_ = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n---\n"
    ref = "env: [{name: LEVEL, valueFrom: {configMapKeyRef: {name: %s, key: level}}}]"

    known = read(settings_ + with_container(ref % "settings"))
    unknown = read(with_container(ref % "elsewhere"))

    assert data_of(known, "deployment/web")["env"] == {"LEVEL": "info"}
    assert any("LEVEL: left out" in one for one in said(unknown, "warning"))


def test_values_from_the_pod_itself_are_left_out() -> None:
    ref = "env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"

    assert any("POD: left out" in one for one in said(read(with_container(ref)), "warning"))


# --- mounts -----------------------------------------------------------------------------------------------------


def test_some_keys_of_a_configmap_are_mounted_each_for_itself() -> None:
    text = with_pod("volumes: [{name: c, configMap: {name: c, items: [{key: a.conf, path: conf.d/a.conf}]}}]")
    text = text.replace(
        'image: "example/web:1"', 'image: "example/web:1", volumeMounts: [{name: c, mountPath: /etc/web}]'
    )

    found = read(text)

    assert data_of(found, "deployment/web")["volumeMounts"] == [
        {"type": "configMap", "name": "c", "mountPath": "/etc/web/conf.d/a.conf", "subPath": "a.conf"}
    ]
    assert said(found) == []


@pytest.mark.parametrize("volume", ["nfs: {server: x, path: /}", "projected: {sources: []}", "csi: {driver: x}"])
def test_a_volume_that_nodes_cant_mount_is_left_out(volume: str) -> None:
    text = with_pod(f"volumes: [{{name: c, {volume}}}]")
    text = text.replace('image: "example/web:1"', 'image: "example/web:1", volumeMounts: [{name: c, mountPath: /x}]')

    found = read(text)

    assert "volumeMounts" not in data_of(found, "deployment/web")
    assert any("/x is left out: nodes can't mount" in one for one in said(found, "warning"))


def test_a_path_of_the_machine_is_a_warning() -> None:
    text = with_pod("volumes: [{name: c, hostPath: {path: /var/log, type: Directory}}]")
    text = text.replace('image: "example/web:1"', 'image: "example/web:1", volumeMounts: [{name: c, mountPath: /x}]')

    found = read(text)

    assert data_of(found, "deployment/web")["volumeMounts"][0]["hostPath"] == "/var/log"
    assert [one["code"] for one in found.analysis["findings"]] == ["BIND_MOUNT_NOT_SUPPORTED"]


# --- hostile ----------------------------------------------------------------------------------------------------

STRANGE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "text",
    [],
    {},
    ["a"],
    [None],
    [{}],
    {"a": 1},
    [[1]],
    "x" * 300,
    2**70,
]


def mutated(seed: int) -> str:
    """The clean manifests with some parts replaced by anything."""
    random_ = random.Random(seed)
    documents = list(yaml.safe_load_all(CLEAN))
    for _ in range(random_.randint(1, 6)):
        part: Any = random_.choice(documents)
        while isinstance(part, dict | list) and part:
            key = random_.choice(list(part)) if isinstance(part, dict) else random_.randrange(len(part))
            if not isinstance(part[key], dict | list) or not part[key] or random_.random() < 0.2:
                part[key] = random_.choice(STRANGE)
                break
            part = part[key]
    return yaml.safe_dump_all(documents)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_stands_in_manifests_is_read_or_refused(seed: int) -> None:
    try:
        found = read(mutated(seed))
    except InvalidError as error:
        assert error.extra["code"], error.message
        return
    sanitised(
        json.loads(json.dumps(found.analysis["suggestedNodes"])),
        json.loads(json.dumps(found.analysis["suggestedEdges"])),
    )
