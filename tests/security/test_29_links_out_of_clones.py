"""29. A link in a repository is never followed, also one that takes a folder's place in a later commit."""

from pathlib import Path

import pytest

from app.sources.errors import SourceError
from tests.git_clones import Cloner, cloner, contents, server
from tests.git_server import GitServer

__all__ = ["cloner", "server"]  # fixtures

TARGETS = ["/etc/passwd", "/", "../../../outside", "..", "/proc/self/environ", "compose.yaml", "nowhere"]


@pytest.mark.parametrize("target", TARGETS)
def test_29_a_link_is_a_text_file_with_its_target_in_it(server: GitServer, cloner: Cloner, target: str) -> None:
    server.repository().commit({"compose.yaml": "x", "link": target}, modes={"link": "120000"})

    clone = cloner.clone(f"{server.url}/team/app")

    assert contents(clone.folder) == {"compose.yaml": b"x", "link": target.encode()}
    assert clone.notes == ("Symbolic links are taken as text files, not followed: 1",)


def test_29_a_folder_that_becomes_a_link_is_not_written_through(
    server: GitServer, cloner: Cloner, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    author = server.repository()
    author.commit({"data/file": "first"})
    first = cloner.clone(f"{server.url}/team/app")
    author.commit({"data": str(outside)}, modes={"data": "120000"})

    second = cloner.clone(f"{server.url}/team/app")

    assert contents(first.folder) == {"data/file": b"first"}
    assert contents(second.folder) == {"data": str(outside).encode()}
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("order", ["link first", "folder first"])
def test_29_a_link_and_a_folder_of_one_name_write_nothing_outside(
    server: GitServer, cloner: Cloner, tmp_path: Path, order: str
) -> None:
    """CVE-2021-21300 and its kind: first the link, then a file "below" it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    author = server.repository()
    below = author.tree(("100644", "escaped", author.blob("x")))
    entries = [("120000", "data", author.blob(str(outside))), ("40000", "data", below)]
    author.commit_tree(author.tree(*(entries if order == "link first" else reversed(entries))))

    try:
        contents(cloner.clone(f"{server.url}/team/app").folder)
    except SourceError as error:
        assert error.code == "GIT_CLONE_FAILED"

    assert list(outside.iterdir()) == []


def test_29_a_folder_for_the_clone_that_is_a_link_is_not_followed_when_it_is_removed(
    server: GitServer, cloner: Cloner, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    server.repository().commit({"link": str(precious), "too": "large"}, modes={"link": "120000"})

    with pytest.raises(SourceError):
        cloner.clone(f"{server.url}/team/app", "no-such-branch")

    assert (precious / "file").read_text() == "x"
