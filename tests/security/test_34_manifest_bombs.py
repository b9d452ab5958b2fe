"""34, for plain manifests and whole repositories: large and crossed references are read or refused in at most 2 s of
processor time, with at most 50 MB more memory."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

WEB = (
    "def web(n, **more): return {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name': f'd{n}'},"
    " 'spec': {'selector': {'matchLabels': {'app': f'd{n}'}}, 'template': {'metadata': {'labels': {'app': f'd{n}',"
    " 'x': 'y'}}, 'spec': {'containers': [{'name': 'c', 'image': 'a/b', **more}]}}}}\n"
)
BOMBS: Mapping[str, str] = {
    "aliases": "b'apiVersion: v1\\nkind: List\\nitems: &a [x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\n' + b''.join("
               "b'%c: &%c [' % (98+i, 98+i) + b','.join([b'*%c' % (97+i)]*9) + b']\\n' for i in range(1, 9))",
    "deep": "(b'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\nx: ' + b'['*60 + b']'*60)",
    "lists in lists": "b''.join(b'{apiVersion: v1, kind: List, items: [' for _ in range(25)) + b']}'*25",
    "many objects": "many(web(n) for n in range(900))",
    "too many objects": "many({'apiVersion': 'v1', 'kind': 'Foo'} for n in range(1500))",
    "environment": "many([web(1, env=[{'name': f'E{n}_TOKEN', 'value': 'v'} for n in range(15000)])])",
    "references": "many([web(1, env=[{'name': f'E{n}', 'valueFrom': {'secretKeyRef': {'name': f's{n}', 'key':"
                  " f'E{n}'}}} for n in range(8000)])])",
    "peers": "many([*(web(n) for n in range(300)), {'apiVersion': 'networking.k8s.io/v1', 'kind': 'NetworkPolicy',"
             " 'metadata': {'name': 'p'}, 'spec': {'podSelector': {}, 'ingress': [{'from': [{'podSelector':"
             " {'matchLabels': {'x': 'y'}}} for _ in range(6000)]}]}}])",
    "selectors": "many([*(web(n) for n in range(300)), *({'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name':"
                 " f's{n}'}, 'spec': {'selector': {'x': 'y'}, 'ports': [{'port': 80}]}} for n in range(300))])",
    "hosts": "many([{'apiVersion': 'networking.k8s.io/v1', 'kind': 'Ingress', 'metadata': {'name': 'i'}, 'spec':"
             " {'rules': [{'host': f'h{n}.x'} for n in range(5000)]}}])",
}  # fmt: skip
PROGRAM = """
import json, resource, sys, time
from app.compose.detection import analysed
from app.compose.options import Options
from app.errors import KubeOrchError

{web}
def many(objects): return "---\\n".join(json.dumps(one) + "\\n" for one in objects).encode()

analysed({{"a.yaml": many([web(0)])}}, Options())
content = {expression}
before, begun = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
try:
    analysed({{"a.yaml": content}}, Options())
except KubeOrchError as error:
    assert error.extra["code"], error.message
after = resource.getrusage(resource.RUSAGE_SELF)
print(round(time.process_time() - begun, 2), (after.ru_maxrss - before.ru_maxrss) // 1024)
"""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_of_manifests_is_done_with_in_time_and_memory(bomb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(web=WEB, expression=BOMBS[bomb])],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    seconds, megabytes = done.stdout.split()
    assert float(seconds) <= 2
    assert int(megabytes) <= 50
