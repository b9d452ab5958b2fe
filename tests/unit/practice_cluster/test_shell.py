"""The toy shell: enough to look around, and nothing of the host."""

import pytest

from practice_cluster.shell import Surroundings, run

AROUND = Surroundings("web-1", {"A": "1"}, {"/page/index.html": "hi\n"})

CASES = [
    ("echo $A ${A}2", "1 12\n", 0),
    ("echo '$A'", "$A\n", 0),
    ("cat /page/index.html", "hi\n", 0),
    ("cat /etc/passwd", "cat: /etc/passwd: No such file\n", 1),
    ("ls /page", "index.html\n", 0),
    ("false || echo other; exit 3", "other\n", 3),
    ("true && echo yes", "yes\n", 0),
    ("false; echo $?; hostname", "1\nweb-1\n", 0),
    ("echo quiet > /dev/null", "", 0),
    ("echo hi; sleep 1; echo done 2>&1", "hi\ndone\n", 0),
    ("nonsense", "sh: nonsense: not found (this shell is simulated)\n", 127),
    ("echo 'open", "sh: syntax error: unterminated quoted string\n", 2),
]


@pytest.mark.parametrize(("script", "output", "code"), CASES, ids=[case[0] for case in CASES])
def test_a_script(script: str, output: str, code: int) -> None:
    ended = run(["sh", "-c", script], AROUND)

    assert (ended.output, ended.code) == (output, code)


def test_it_knows_how_long_a_script_takes_and_whether_it_ends() -> None:
    assert run(["sh", "-c", "sleep 2; sleep 1m"], AROUND).seconds == 62
    assert run(["sh", "-c", "while true; do echo x; sleep 1; done"], AROUND).is_endless
