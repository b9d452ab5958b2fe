"""The parts of reading, a table each; the whole is compared with the real program (`test_beside_compose.py`)."""

import pytest

from app.compose.dotenv import read_dotenv
from app.compose.findings import Findings
from app.compose.hosts import Hosts
from app.compose.interpolation import Variables, substitute
from app.compose.mounts import parse_mount
from app.compose.names import Names, object_name
from app.compose.ports import parse_ports
from app.compose.secrecy import is_secret
from app.compose.units import quantity, seconds, size_bytes, split_command
from app.errors import InvalidError
from tests.unit.compose.projects import a_project


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$A-${A}", "1-1"),
        ("${B:-x${A}}", "x1"),
        ("${E:-x}${E-x}", "x"),
        ("${A:+y}${B:+y}", "y"),
        ("$$A $1 $", "$A $1 $"),
        ("${A:?m}", "1"),
        ("${B:-${C:-${A}}}", "1"),
        ('${B:-{"a": 1}}', '{"a": 1}'),
    ],
)
def test_variables(text: str, value: str) -> None:
    assert substitute(text, Variables({"A": "1", "E": ""})) == value


def test_a_required_variable_refuses_the_file() -> None:
    with pytest.raises(InvalidError, match=r"services\.web\.image: the variable TAG needs a value: set it"):
        a_project("services: {web: {image: 'nginx:${TAG:?set it}'}}")


def test_the_processs_own_environment_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "from-the-server")
    findings = Findings()

    project = a_project("services: {web: {image: nginx, environment: {A: $LEAKED, LEAKED: }}}", findings=findings)

    assert project.services["web"]["environment"] == {"A": "", "LEAKED": None}
    assert any("LEAKED has no value" in str(finding) for finding in findings)


def test_env_files() -> None:
    text = "# c\nA=1 # x\nexport B='a $X'\nC=\"x\\n$A\" \nD\nE=\nF: y\nG=${A:-2}#no\nH='multi\nline'\n"

    assert read_dotenv(text, ".env", {}) == {
        "A": "1", "B": "a $X", "C": "x\n1", "D": None, "E": "", "F": "y", "G": "1#no", "H": "multi\nline",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", [(None, 80, "tcp", None)]),
        ("8080:80/udp", [("8080", 80, "udp", None)]),
        ("127.0.0.1:1-2:3-4", [("1", 3, "tcp", "127.0.0.1"), ("2", 4, "tcp", "127.0.0.1")]),
        ("[::1]:5:6", [("5", 6, "tcp", "::1")]),
        ("9-10:8", [("9-10", 8, "tcp", None)]),
    ],
)
def test_ports(text: str, ports: list[tuple[object, ...]]) -> None:
    found = [(p.get("published"), p["target"], p["protocol"], p.get("host_ip")) for p in parse_ports(text) or ()]

    assert found == ports


@pytest.mark.parametrize("text", ["", "x", "0", "70000", "1-9:1-2", "80/icmp", "5-3", "80:"])
def test_what_is_no_port(text: str) -> None:
    assert not parse_ports(text) or text == "80:"


@pytest.mark.parametrize(
    ("text", "kind", "source", "target"),
    [
        ("ab:/b:ro", "volume", "ab", "/b"),
        ("./a:/b", "bind", "./a", "/b"),
        ("/x", "volume", None, "/x"),
        ("C:\\a:/b", "bind", "C:\\a", "/b"),
        ("~/a:/b/:rw,z", "bind", "~/a", "/b"),
    ],
)
def test_mounts(text: str, kind: str, source: str | None, target: str) -> None:
    mount = parse_mount(text)

    assert mount is not None
    assert (mount["type"], mount.get("source"), mount["target"]) == (kind, source, target)


def test_units() -> None:
    assert [size_bytes(text) for text in ("512m", "1.5g", 7, "64 KB", "x")] == [2**29, 3 * 2**29, 7, 65536, None]
    assert [quantity(size) for size in (2**29, 3 * 2**29, 1000)] == ["512Mi", "1536Mi", "1000"]
    assert [seconds(text) for text in ("1m30s", "500ms", "2h", "soon", "")] == [90, 0.5, 7200, None, None]


@pytest.mark.parametrize(
    ("text", "words", "dropped"),
    [
        ("a 'b c' d\\ e", ["a", "b c", "d e"], ""),
        ("a && b", ["a"], "&& b"),
        ('sh -c "a && b"', ["sh", "-c", "a && b"], ""),
        ("a 2>x", ["a"], ">x"),
        ("''", [""], ""),
    ],
)
def test_commands(text: str, words: list[str], dropped: str) -> None:
    assert split_command(text) == (words, dropped)


def test_a_quote_that_is_never_closed_is_no_command() -> None:
    assert split_command("a 'b") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "x"),
        ("apiKey", "x"),
        ("API_KEY", "x"),
        ("SIGNING_KEY", "x"),
        ("SECRET_KEY_BASE", "x"),
        ("JWT", "eyJhbGciOiJI.eyJzdWIiOiIx.abc"),
        ("DATABASE_URL", "postgres://a:b@c/d"),
        ("SENTRY_DSN", "x"),
        ("BASIC_AUTH", "x"),
        ("X", "-----BEGIN PRIVATE KEY-----"),
    ],
)
def test_what_is_secret(name: str, value: str) -> None:
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEYCLOAK_URL", "http://x"),
        ("AUTHOR", "me"),
        ("PASSWORD_FILE", "/x"),
        ("TOKEN_TTL", "5"),
        ("PUBLIC_KEY", "x"),
        ("ALLOW_EMPTY_PASSWORD", "yes"),
        ("KEYSPACE", "x"),
        ("SECRET_NAME", "x"),
        ("COMPASS", "x"),
        ("PASSWORD_MIN_LENGTH", "8"),
    ],
)
def test_what_is_not(name: str, value: str) -> None:
    assert not is_secret(name, value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My_App.Web", "my-app-web"),
        ("2nd", "svc-2nd"),
        ("a b", "a-b"),
        ("-x-", "x"),
        ("é", "svc-c3bb"),
        ("a" * 70, "a" * 58 + "-6b8d"),
    ],
)
def test_names(text: str, name: str) -> None:
    found = object_name(text)

    assert found == name or (len(name) == len(found) and found[:-4] == name[:-4])


def test_names_are_given_once() -> None:
    names = Names()

    assert [names.give("deployment", text) for text in ("a_b", "a-b", "a.b")] == ["a-b", "a-b-2", "a-b-3"]
    assert names.give("configmap", "a-b") == "a-b"


@pytest.mark.parametrize(
    ("key", "value", "hosts"),
    [
        ("DB_HOST", "db", ["db"]),
        ("URL", "http://db:80/db", ["db"]),
        ("X", "a@db:5432", ["db"]),
        ("HOSTS", "db,cache", ["db", "cache"]),
        ("MODE", "db", []),
        ("X", "db:5432,cache:1", ["db", "cache"]),
        ("X", "my-db:5", []),
        ("URL", "http://db.example.com", []),
        ("X", "redis://cache:pw@db:1", ["db"]),
        ("TIME", "db:1.5", []),
    ],
)
def test_hosts_in_values(key: str, value: str, hosts: list[str]) -> None:
    known = Hosts.of({"db": "db", "cache": "cache"})

    assert [value[start:end] for start, end in known.in_value(key, value)] == hosts
