"""34: YAML with 9^8 aliases, 20,000 levels, a 10 MB scalar, double keys and the like: refused in at most 2 s, with at
most 50 MB more memory (CVE-2019-11253, CVE-2022-31016, CVE-2023-40584)."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

BOMBS: Mapping[str, str] = {
    "aliases": "'a: &a [x,x,x,x,x,x,x,x,x]\\n' + ''.join(f'{chr(98+i)}: &{chr(98+i)} [' + ','.join(['*'+chr(97+i)]*9)"
               " + ']\\n' for i in range(8))",
    "merge keys": "'x0: &x0 {a: 1}\\n' + ''.join(f'x{i+1}: &x{i+1} {{<<: [' + ','.join([f'*x{i}']*9)"
                  " + f'], k{i}: 1}}\\n' for i in range(30))",
    "sequences": "'['*20000",
    "mappings": "'{a: '*20000",
    "dashes": "'- '*20000",
    "indents": "''.join(' '*i + 'a:\\n' for i in range(1200))",
    "long scalar": "'a: ' + 'x'*10_000_000",
    "double keys": "'services: {web: {image: nginx, image: redis}}'",
    "alias of itself": "'a: &a [*a]'",
    "many keys": "'services:\\n' + ''.join(f' s{i}: {{image: nginx}}\\n' for i in range(40000))",
    "many services": "'services:\\n' + ''.join(f' s{i}: {{image: nginx}}\\n' for i in range(501))",
    "variables": "'services: {web: {image: \"' + '${A:-'*5000 + '}'*5000 + '\"}}'",
    "a variable that doubles": "'services: {web: {image: x, environment: {' + ','.join(f'K{i}: \"' + '$B'*50 + '\"'"
                               " for i in range(100)) + '}}}'",
    "an env file that doubles": "'services: {web: {image: x, env_file: doubling.env}}'",
    "extends in a circle": "'services: {a: {extends: b}, b: {extends: a}}'",
    "extends that grow": "'services:\\n s0: {image: x, labels: {' + ','.join(f'l{i}: x' for i in range(5000)) + '}}\\n'"
                         " + ''.join(f' s{i+1}: {{extends: s{i}}}\\n' for i in range(400))",
    "includes in a circle": "'include: [compose.yaml]'",
    "includes that multiply": "'include: [a0.yaml, a0.yaml]'",
    "depends in a circle": "'services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}'",
    "a tag that runs": "'a: !!python/object/apply:os.system [id]'",
    "half a character": "b'a: \\xed\\xa0\\x80'",
    "no text": "bytes(range(256))*10",
    "a control character": "'a: \\x01'",
    "nothing": "''",
    "only a text": "'hello'",
    "a list": "'[1, 2]'",
    "ranges of ports": "'services: {web: {image: x, ports: [' + ','.join(['\"1-65535:1-65535\"']*1000) + '], expose: ['"
                       " + ','.join(f'\"{i}-65535\"' for i in range(1, 1000)) + ']}}'",
    "a health check that never matches": "'services: {web: {image: x, ports: [\"80\"], healthcheck: {test: \"curl '"
                                         " + '-a '*20000 + '!\"}}}'",
}  # fmt: skip
FINE = {"ranges of ports", "a health check that never matches"}
"""Converted, with findings."""

PROGRAM = """
import resource, sys, time
from app.compose.converting import convert
from app.compose.findings import Findings
from app.compose.reading import read_project
from app.errors import KubeOrchError

content = {expression}
content = content.encode() if isinstance(content, str) else content
files = {{"compose.yaml": content}}
files |= {{f"a{{i}}.yaml": f"include: [a{{i+1}}.yaml, a{{i+1}}.yaml]".encode() for i in range(40)}}
files |= {{"a40.yaml": b"services: {{z: {{image: z}}}}"}}
files |= {{"doubling.env": ("A0=xxxxxxxx\\n" + "".join(f"A{{i+1}}=$A{{i}}$A{{i}}\\n" for i in range(60))).encode()}}
env = {{"B": "x" * 50_000}}
convert(read_project({{"c.yaml": b"services: {{a: {{image: a}}}}"}}, ["c.yaml"]))
before, begun = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
try:
    findings = Findings()
    convert(read_project(files, ["compose.yaml"], env=env, findings=findings), findings=findings)
    said = "converted"
except KubeOrchError as error:
    said = f"refused: {{error.message[:200]}}"
after = resource.getrusage(resource.RUSAGE_SELF)
print(round(time.process_time() - begun, 2), (after.ru_maxrss - before.ru_maxrss) // 1024, said)
"""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_in_time_and_memory(bomb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(expression=BOMBS[bomb])],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    seconds, megabytes, said = done.stdout.split(" ", 2)
    assert float(seconds) <= 2
    assert int(megabytes) <= 50
    assert said.startswith("converted" if bomb in FINE else "refused: "), said
