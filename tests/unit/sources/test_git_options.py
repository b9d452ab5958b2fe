"""How git is called: nothing of this machine, and no way out of the pinned address."""

from pathlib import Path

import pytest

from app.sources.git_options import LOCAL, credential_helper, environment, is_new_enough, network


def test_git_sees_nothing_of_our_environment() -> None:
    seen = environment(Path("/work/home"), allow_http=False)

    assert seen["HOME"] == seen["XDG_CONFIG_HOME"] == "/work/home"
    assert seen["GIT_CONFIG_GLOBAL"] == seen["GIT_CONFIG_SYSTEM"] == "/dev/null"
    assert seen["GIT_ALLOW_PROTOCOL"] == "https"
    assert environment(Path("/x"), allow_http=True)["GIT_ALLOW_PROTOCOL"] == "https:http"


def test_every_call_switches_off_what_could_run_or_lead_elsewhere() -> None:
    options = dict(option.split("=", 1) for option in LOCAL[1::2])

    assert set(LOCAL[::2]) == {"-c"}
    assert options["core.hooksPath"] == "/dev/null"
    assert options["core.symlinks"] == "false"
    assert options["http.followRedirects"] == "false"
    assert options["http.sslVerify"] == "true"
    assert options["submodule.recurse"] == "false"
    assert options["credential.helper"] == ""


def of_network(url: str, addresses: list[str], ca_file: Path | None = None) -> dict[str, str]:
    options = network(url, addresses, ca_file, silence_s=119.5)
    assert set(options[::2]) == {"-c"}
    return dict(option.split("=", 1) for option in options[1::2])


def test_a_host_is_pinned_to_the_addresses_that_were_judged() -> None:
    pinned = of_network("https://git.example.org/a/b", ["192.0.2.1", "2001:db8::1"])
    with_port = of_network("http://git.example.org:8080/a", ["192.0.2.1"])

    assert pinned["http.curloptResolve"] == "git.example.org:443:192.0.2.1,[2001:db8::1]"
    assert with_port["http.curloptResolve"] == "git.example.org:8080:192.0.2.1"


def test_an_address_needs_no_pin() -> None:
    assert "http.curloptResolve" not in of_network("https://192.0.2.1/a", ["192.0.2.1"])
    assert "http.curloptResolve" not in of_network("https://[2001:db8::1]/a", ["2001:db8::1"])


@pytest.mark.parametrize(
    ("said", "is_enough"),
    [
        ("git version 2.37.0\n", True),
        ("git version 2.39.5 (Apple Git-154)\n", True),
        ("git version 3.0.0\n", True),
        ("git version 2.100.1\n", True),
        ("git version 2.34.1\n", False),
        ("git version 1.99.0\n", False),
        ("something else", False),
        ("", False),
    ],
)
def test_a_git_that_would_ignore_the_pin_is_not_used(said: str, is_enough: bool) -> None:
    assert is_new_enough(said) is is_enough


def test_git_ends_by_itself_when_nobody_watches_it_any_more() -> None:
    options = of_network("https://192.0.2.1/a", ["192.0.2.1"])

    assert (options["http.lowSpeedLimit"], options["http.lowSpeedTime"]) == ("1", "120")


def test_authorities_are_named_where_there_are_some() -> None:
    assert of_network("https://192.0.2.1/a", ["192.0.2.1"], Path("/ca.pem"))["http.sslCAInfo"] == "/ca.pem"
    assert "http.sslCAInfo" not in of_network("https://192.0.2.1/a", ["192.0.2.1"])


def test_a_helper_reads_a_pipe_and_its_own_argument_is_ignored() -> None:
    assert credential_helper(12) == ["-c", "credential.helper=!f() { cat /dev/fd/12; }; f"]
