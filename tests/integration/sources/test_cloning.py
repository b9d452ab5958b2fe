"""One commit of a repository comes onto the disk as it is stored, and nothing else does."""

import pytest

from app.sources.errors import SourceError
from tests.git_clones import ADA, Cloner, contents
from tests.git_server import Author, GitServer, git

FILES = {
    "compose.yaml": "services: {}\n",
    "deploy/über.txt": "crlf\r\nkept\r\n",
    "run.sh": "#!/bin/sh\n",
    ".gitattributes": "*.txt text eol=lf\n",
    "empty": "",
}


def test_a_clone_is_the_files_of_the_default_branch(server: GitServer, cloner: Cloner) -> None:
    commit = server.repository().commit(FILES, modes={"run.sh": "100755"})

    clone = cloner.clone(f"{server.url}/team/app")

    assert contents(clone.folder) == {path: text.encode() for path, text in FILES.items()}
    assert (clone.commit_sha, clone.branch, clone.notes, clone.path) == (commit, "main", (), "")
    assert (clone.folder / "run.sh").stat().st_mode & 0o100
    assert sorted(path.name for path in cloner.into.iterdir()) == [clone.folder.name], "git's own files are gone"
    assert cloner.said == [f"Cloning {server.url}/team/app", f"Took main at {commit[:12]}: 5 files"]


@pytest.mark.parametrize("url", ["{}/team/app", "{}/team/app.git", "{}/team/app/"])
def test_it_is_found_with_and_without_its_ending(server: GitServer, cloner: Cloner, url: str) -> None:
    server.repository().commit({"a": "1"})

    assert contents(cloner.clone(url.format(server.url)).folder) == {"a": b"1"}


def test_only_the_one_commit_is_fetched(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    author.commit({"big": b"\0" + bytes(range(256)) * 4000})
    author.commit({"small": "1"})

    assert contents(cloner.clone(f"{server.url}/team/app").folder) == {"small": b"1"}


def test_main_means_the_default_branch_where_there_is_no_main(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    author.commit({"a": "1"}, branch="trunk")
    git(author.folder, "symbolic-ref", "HEAD", "refs/heads/trunk")

    clone = cloner.clone(f"{server.url}/team/app", "main")

    note = "There is no branch main: taking the default branch, trunk"
    assert (clone.branch, clone.notes) == ("trunk", (note,))
    assert note in cloner.said


def test_branch_tag_and_commit_can_be_asked_for(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    old = author.commit({"a": "old"})
    author.tag("v1", old)
    author.tag("v2", old, annotated=True)
    author.commit({"a": "new"})
    author.commit({"a": "branch"}, branch="feature/x")

    taken = {name: cloner.clone(f"{server.url}/team/app", name) for name in ("feature/x", "v1", "v2", old)}

    assert {name: contents(clone.folder)["a"] for name, clone in taken.items()} == {
        "feature/x": b"branch",
        "v1": b"old",
        "v2": b"old",
        old: b"old",
    }
    assert taken["v2"].commit_sha == old, "the commit, not the tag's own object"


def test_the_page_of_a_branch_with_slashes_says_where_to_look(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    author.commit({"a": "1"})
    author.commit({"deploy/compose.yaml": "2"}, branch="feature/x")

    clone = cloner.clone(f"{server.url}/team/app/tree/feature/x/deploy")

    assert (clone.branch, clone.path) == ("feature/x", "deploy")


def test_an_unknown_branch_is_a_404_with_names(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    author.commit({"a": "1"})
    author.commit({"a": "1"}, branch="develop")

    with pytest.raises(SourceError) as unknown:
        cloner.clone(f"{server.url}/team/app", "devlop")

    assert (unknown.value.code, unknown.value.message) == (
        "BRANCH_NOT_FOUND",
        "app has no branch or tag devlop. It has: develop, main",
    )
    assert not cloner.into.exists()


def test_an_unknown_commit_is_a_404(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})

    with pytest.raises(SourceError) as unknown:
        cloner.clone(f"{server.url}/team/app", "ab" * 20)

    assert unknown.value.code == "BRANCH_NOT_FOUND"


def test_a_tag_of_something_else_is_a_404(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    author.commit({"a": "1"})
    author.tag("file", author.blob("1"))

    with pytest.raises(SourceError) as refused:
        cloner.clone(f"{server.url}/team/app", "file")

    assert refused.value.code == "BRANCH_NOT_FOUND"


def test_an_empty_repository_is_named_so(server: GitServer, cloner: Cloner) -> None:
    server.repository()

    with pytest.raises(SourceError, match="is empty"):
        cloner.clone(f"{server.url}/team/app")


def test_a_repository_with_the_longer_ids_works_too(server: GitServer, cloner: Cloner) -> None:
    folder = server.root / "team" / "app.git"
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--object-format=sha256")
    commit = Author(folder).commit({"a": "1"})

    assert cloner.clone(f"{server.url}/team/app").commit_sha == commit
    assert len(commit) == 64


def test_what_a_private_repository_needs(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})
    server.passwords = {ADA.username: ADA.token}

    clone = cloner.clone(f"{server.url}/team/app", credential=ADA)

    assert contents(clone.folder) == {"a": b"1"}
    assert not any(ADA.token in line for line in cloner.said)


def test_a_server_of_the_old_protocol_works_too(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})
    server.protocol = 0

    assert contents(cloner.clone(f"{server.url}/team/app").folder) == {"a": b"1"}
