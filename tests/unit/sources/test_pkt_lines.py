"""Git's wire format, as gitprotocol-v2 and gitprotocol-pack describe it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.pkt_lines import (
    NotGitError,
    ask_for_refs,
    capabilities_of,
    refs_of_version_0,
    refs_of_version_2,
)

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def packets(*lines: str | None) -> bytes:
    """`None` is a flush."""
    return b"".join(b"0000" if line is None else f"{len(line.encode()) + 4:04x}{line}".encode() for line in lines)


def test_a_server_of_version_2_says_what_it_can() -> None:
    said = packets("# service=git-upload-pack\n", None, "version 2\n", "ls-refs=unborn\n", "object-format=sha1\n", None)

    assert capabilities_of(said) == ["ls-refs=unborn", "object-format=sha1"]


def test_an_older_server_lists_its_refs_at_once() -> None:
    said = packets(
        "# service=git-upload-pack\n",
        None,
        f"{ONE} HEAD\0multi_ack symref=HEAD:refs/heads/dev agent=git/1.9\n",
        f"{ONE} refs/heads/dev\n",
        f"{TWO} refs/pull/1/head\n",
        f"{TWO} refs/tags/v1\n",
        f"{THREE} refs/tags/v1^{{}}\n",
        None,
    )

    assert capabilities_of(said) is None
    found = refs_of_version_0(said)
    assert (found.default_branch, found.branches, found.tags) == ("dev", ("dev",), ("v1",))
    assert found.tagged == {"v1": THREE}, "an annotated tag leads to its commit"


def test_an_answer_of_version_2_is_read() -> None:
    said = packets(
        f"{ONE} HEAD symref-target:refs/heads/main\n",
        f"{ONE} refs/heads/main\n",
        f"{TWO} refs/tags/v1 peeled:{THREE}\n",
        None,
    )

    found = refs_of_version_2(said)

    assert (found.default_branch, found.heads, found.tagged) == ("main", {"main": ONE}, {"v1": THREE})


def test_an_empty_repository_has_no_refs() -> None:
    assert (
        refs_of_version_0(
            packets("# service=git-upload-pack\n", None, f"{'0' * 40} capabilities^{{}}\0x\n", None)
        ).branches
        == ()
    )
    assert refs_of_version_2(packets(None)).branches == ()


@pytest.mark.parametrize(
    ("head", "branches", "default"),
    [
        (f"{TWO} HEAD\n", {"a": ONE, "b": TWO}, "b"),  # detached, at the end of b
        (f"{THREE} HEAD\n", {"a": ONE, "master": TWO}, "master"),
        ("unborn HEAD symref-target:refs/heads/main\n", {"z": ONE}, "z"),
    ],
)
def test_without_a_usable_head_the_likeliest_branch_is_the_default(
    head: str, branches: dict[str, str], default: str
) -> None:
    said = packets(head, *(f"{commit} refs/heads/{name}\n" for name, commit in branches.items()), None)

    assert refs_of_version_2(said).default_branch == default


@pytest.mark.parametrize("name", ["-x", "--upload-pack=x", "$x", "a:b", "../x", "a\x1b[31m"])
def test_names_that_we_would_not_take_from_a_person_are_not_taken_from_a_server(name: str) -> None:
    said = packets(f"{ONE} refs/heads/{name}\n", f"{ONE} refs/heads/main\n", "nonsense refs/heads/other\n", None)

    assert refs_of_version_2(said).branches == ("main",)


@pytest.mark.parametrize(
    "said", [b"", b"0000", b"<html>", b"00", b"0003", b"ffffx", b"0010short", packets("ERR access denied")]
)
def test_what_is_no_answer_of_git_is_told_apart(said: bytes) -> None:
    with pytest.raises(NotGitError):
        capabilities_of(said)


@given(st.binary(max_size=200))
def test_any_bytes_are_refs_or_an_error(said: bytes) -> None:
    for read in (capabilities_of, refs_of_version_0, refs_of_version_2):
        try:
            read(said)
        except NotGitError:
            continue


def test_a_request_asks_for_branches_and_tags_only() -> None:
    asked = ask_for_refs(["agent=git/2.40", "object-format=sha256"])

    assert asked == packets("command=ls-refs\n", "agent=kubeorch\n", "object-format=sha256\n") + b"0001" + packets(
        "peel\n", "symrefs\n", "ref-prefix HEAD\n", "ref-prefix refs/heads/\n", "ref-prefix refs/tags/\n", None
    )
