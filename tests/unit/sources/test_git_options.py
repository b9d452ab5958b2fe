"""How git is called: nothing of this machine, and no way out of the pinned address."""

from pathlib import Path

from app.sources.git_options import LOCAL, credential_helper, environment, network


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


def test_a_host_is_pinned_to_the_addresses_that_were_judged() -> None:
    assert network("https://git.example.org/a/b", ["192.0.2.1", "2001:db8::1"], None) == [
        "-c",
        "http.curloptResolve=git.example.org:443:192.0.2.1,[2001:db8::1]",
    ]
    assert network("http://git.example.org:8080/a", ["192.0.2.1"], None)[1].endswith("=git.example.org:8080:192.0.2.1")


def test_an_address_needs_no_pin() -> None:
    assert network("https://192.0.2.1/a", ["192.0.2.1"], None) == []
    assert network("https://[2001:db8::1]/a", ["2001:db8::1"], None) == []


def test_authorities_are_named_where_there_are_some() -> None:
    assert network("https://192.0.2.1/a", ["192.0.2.1"], Path("/ca.pem")) == ["-c", "http.sslCAInfo=/ca.pem"]


def test_a_helper_reads_a_pipe_and_its_own_argument_is_ignored() -> None:
    assert credential_helper(12) == ["-c", "credential.helper=!f() { cat /dev/fd/12; }; f"]
