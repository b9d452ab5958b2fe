"""The yardsticks: the same work done by a bare client, with nothing of ours in between."""

import base64
import json
import os
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
import yaml

CONNECTIONS: Final = 8
APPLY: Final = "application/apply-patch+yaml"


@dataclass(frozen=True)
class BareCluster:
    """The cluster of a kubeconfig, by urllib3 alone."""

    pool: urllib3.HTTPSConnectionPool

    @classmethod
    def of(cls, kubeconfig: Path) -> "BareCluster":
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            pem.flush()
            context.load_cert_chain(pem.name)
        address = urlsplit(cluster["server"])
        pool = urllib3.HTTPSConnectionPool(
            str(address.hostname), address.port, maxsize=CONNECTIONS + 4, ssl_context=context, timeout=30
        )
        return cls(pool)

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        payload = None if body is None else json.dumps(body).encode()
        answer = self.pool.request(method, path, body=payload, headers={"Content-Type": content_type})
        assert answer.status < 300 or answer.status in (404, 409), (
            f"{method} {path}: {answer.status} {answer.data[:200]!r}"
        )
        return json.loads(answer.data)

    def apply_all(self, objects: Sequence[Any]) -> float:
        """Server-side apply over `CONNECTIONS` connections; seconds."""

        def one(obj: Any) -> None:
            meta = obj["metadata"]
            path = f"/api/v1/namespaces/{meta['namespace']}/configmaps/{meta['name']}?fieldManager=bare&force=true"
            self.call("PATCH", path, obj, APPLY)

        began = time.monotonic()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(one, objects))
        return time.monotonic() - began

    def watch(self, path: str) -> Iterator[tuple[float, Any]]:
        """(when it came, the event) of a watch, for ten minutes at most."""
        answer = self.pool.request("GET", f"{path}?watch=true&timeoutSeconds=600", preload_content=False, timeout=620)
        waiting = b""
        for chunk in answer.stream(65536):
            came = time.monotonic()
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                yield came, json.loads(line)


def namespace(cluster: BareCluster, name: str) -> None:
    """Make it, if it isn't there."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.call("POST", "/api/v1/namespaces", body)


def remove_namespace(cluster: BareCluster, name: str) -> None:
    cluster.call("DELETE", f"/api/v1/namespaces/{name}")


def kubeconfig() -> Path:
    path = Path(os.environ.get("KUBECONFIG", ""))
    if not path.is_file():
        raise SystemExit("benchmarks need a cluster: set KUBECONFIG")
    return path


def in_thread(target: Any, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread
