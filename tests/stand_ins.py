"""Images that stand in for real ones: busybox that listens where the real program would, pushed to the test registry.

Nothing can be pulled from outside. The layer of an image that is there is mounted into a new repository; on top of it
lie scripts, so that checks which start a program (`pg_isready`) find one.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any, Final

import urllib3

REGISTRY: Final = "localhost:5000"
BASE: Final = "library/busybox"
_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_ANSWER: Final = "#!/bin/sh\nprintf 'HTTP/1.0 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok'\n"
_LISTEN: Final = """#!/bin/sh
for port in $STAND_IN_TCP; do /bin/nc -ll -p "$port" -e /bin/stand-in-answer & done
[ -n "$STAND_IN_ENDS" ] && exit 0
exec /bin/sleep 2147483647
"""
_PROGRAMS: Final = ("curl", "healthcheck.sh", "mysqladmin", "pg_isready", "redis-cli")
_ALWAYS_WELL: Final = '#!/bin/sh\necho PONG \'{"status":"green"}\'\n'


class StandIns:
    """Makes images; the layers are pushed once."""

    def __init__(self) -> None:
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(10), retries=urllib3.Retry(2))
        self._base = self._json(f"{BASE}/manifests/latest")
        self._base_config = self._json(f"{BASE}/blobs/{self._base['config']['digest']}")
        self._scripts = _layer_of_scripts()
        self._made: dict[str, str] = {}

    def image(self, ports: Iterable[int] = (), *, ends: bool = False) -> str:
        """An image that listens on these TCP ports, or ends well at once; its reference."""
        wanted = "-".join(["stand-in", *map(str, sorted(ports)), *(["ends"] if ends else [])])
        if wanted not in self._made:
            self._made[wanted] = self._push(f"corpus/{wanted}", sorted(ports), ends=ends)
        return self._made[wanted]

    def _push(self, name: str, ports: Iterable[int], *, ends: bool) -> str:
        env = ["PATH=/bin", f"STAND_IN_TCP={' '.join(map(str, ports))}", *(["STAND_IN_ENDS=1"] if ends else [])]
        config = {
            **{key: self._base_config[key] for key in ("architecture", "os")},
            "config": {"Entrypoint": ["/bin/stand-in"], "Env": env, "WorkingDir": "/"},
            "rootfs": {
                "type": "layers",
                "diff_ids": [*self._base_config["rootfs"]["diff_ids"], _digest(gzip.decompress(self._scripts))],
            },
        }
        for layer in self._base["layers"]:
            self._mounted(name, layer["digest"])
        layers = [*self._base["layers"], _described(_LAYER, self._scripts)]
        packed = json.dumps(config).encode()
        self._pushed(name, self._scripts)
        self._pushed(name, packed)
        self._put(name, "1", {"config": _described(_CONFIG, packed), "layers": layers})
        return f"{REGISTRY}/{name}:1"

    def wait_image(self) -> None:
        """What an init container waits with, under the name that the product gives it."""
        self._put(BASE, "1.36", {"config": self._base["config"], "layers": self._base["layers"]})

    def _put(self, name: str, tag: str, about: Mapping[str, Any]) -> None:
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, **about}
        self._send("PUT", f"{name}/manifests/{tag}", json.dumps(manifest).encode(), _MANIFEST)

    def _mounted(self, name: str, digest: str) -> None:
        self._send("POST", f"{name}/blobs/uploads/?mount={digest}&from={BASE}")

    def _pushed(self, name: str, content: bytes) -> None:
        place = self._send("POST", f"{name}/blobs/uploads/").headers["Location"]
        joined = f"{place}{'&' if '?' in place else '?'}digest={_digest(content)}"
        answer = self._http.request("PUT", joined, body=content, headers={"Content-Type": "application/octet-stream"})
        assert answer.status < 300, answer.data

    def _json(self, path: str) -> Any:
        return self._send("GET", path, accept=_MANIFEST).json()

    def _send(self, method: str, path: str, body: bytes = b"", kind: str = "", accept: str = "") -> Any:
        headers = {key: value for key, value in (("Content-Type", kind), ("Accept", accept)) if value}
        answer = self._http.request(method, f"http://{REGISTRY}/v2/{path}", body=body or None, headers=headers)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.data[:300]!r}"
        return answer


def _layer_of_scripts() -> bytes:
    scripts = {"stand-in": _LISTEN, "stand-in-answer": _ANSWER, **dict.fromkeys(_PROGRAMS, _ALWAYS_WELL)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in scripts.items():
            info = tarfile.TarInfo(f"bin/{name}")
            info.size, info.mode = len(text), 0o755
            tar.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue(), mtime=0)


def _described(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
