"""28. A hostile repository runs nothing: hooks, submodules, templates, filters, names that lead into git's own folder.

Nor does a configuration of the machine that the worker runs on.
"""

from pathlib import Path

import pytest

from app.errors import InvalidError
from app.sources.errors import SourceError
from tests.git_clones import Cloner, cloner, contents, server
from tests.git_server import GitServer

__all__ = ["cloner", "server"]  # fixtures


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Is made by whatever runs."""
    return tmp_path / "marker"


def hook(marker: Path) -> str:
    return f"#!/bin/sh\ntouch {marker}\n"


HOOKS = ("post-checkout", "post-merge", "post-index-change", "pre-auto-gc", "reference-transaction", "post-rewrite")


def test_28_files_that_look_like_hooks_are_files(server: GitServer, cloner: Cloner, marker: Path) -> None:
    files = {f"{folder}/{name}": hook(marker) for folder in ("hooks", "git/hooks", ".githooks") for name in HOOKS}
    server.repository().commit(files, modes=dict.fromkeys(files, "100755"))

    clone = cloner.clone(f"{server.url}/team/app")

    assert set(contents(clone.folder)) == set(files)
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", [".git", ".GIT", ".Git", "git~1", ".git ", ".git.", ".g\u200cit", ".git::$INDEX_ALLOCATION"]
)
def test_28_nothing_is_written_into_a_folder_of_git(server: GitServer, cloner: Cloner, marker: Path, name: str) -> None:
    author = server.repository()
    script = author.blob(hook(marker))
    hooks = author.tree(*(("100755", each, script) for each in sorted(HOOKS)))
    inner = author.tree(("40000", "hooks", hooks))
    author.commit_tree(author.tree(("40000", name, inner)))

    with pytest.raises(SourceError) as refused:
        cloner.clone(f"{server.url}/team/app")

    assert isinstance(refused.value, InvalidError)
    assert refused.value.code == "GIT_CLONE_FAILED"
    assert not marker.exists()
    assert not cloner.into.exists()


@pytest.mark.parametrize("name", ["..", "."])
def test_28_nothing_is_written_outside(server: GitServer, cloner: Cloner, name: str) -> None:
    author = server.repository()
    inner = author.tree(("100644", "escaped", author.blob("x")))
    author.commit_tree(author.tree(("40000", name, inner)))

    with pytest.raises(SourceError):
        cloner.clone(f"{server.url}/team/app")

    assert not (cloner.folder / "escaped").exists() and not (cloner.folder.parent / "escaped").exists()


@pytest.mark.parametrize(
    "url",
    ["ext::sh -c touch% {marker}", "file://{root}/team/other.git", "{host}/team/other.git", "../other.git", "-u./x"],
)
def test_28_submodules_are_left_out_whatever_they_name(
    server: GitServer, cloner: Cloner, marker: Path, url: str
) -> None:
    other = server.repository("team/other").commit({"a": "1"})
    url = url.format(marker=marker, root=server.root, host=server.url)
    modules = f'[submodule "m"]\n\tpath = m\n\turl = {url}\n\tupdate = !touch {marker}\n\tshallow = false\n'
    # CVE-2025-48384: a path that ends in a carriage return.
    modules += f'[submodule "n"]\n\tpath = "n\r"\n\turl = {url}\n'
    server.repository().commit(
        {".gitmodules": modules, "m": other, "n\r": other}, modes={"m": "160000", "n\r": "160000"}
    )

    clone = cloner.clone(f"{server.url}/team/app")

    assert set(contents(clone.folder)) == {".gitmodules"}
    assert clone.notes == ("Submodules are left out: m, n?",)
    assert not marker.exists()
    assert not any("other" in seen.path for seen in server.seen)


def test_28_modules_that_are_a_link_are_refused(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    author.commit_tree(author.tree(("120000", ".gitmodules", author.blob("../../outside"))))

    with pytest.raises(SourceError) as refused:
        cloner.clone(f"{server.url}/team/app")

    assert refused.value.code == "GIT_CLONE_FAILED"


def test_28_no_filter_runs_and_files_are_as_they_are_stored(
    server: GitServer, cloner: Cloner, marker: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_home(tmp_path / "home", marker, monkeypatch)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n*.evil filter=evil\n*.txt text eol=crlf ident\n"
    files = {
        ".gitattributes": attributes + "*.u16 working-tree-encoding=UTF-16\n",
        "a.bin": pointer,
        "b.evil": "x\n",
        "c.txt": "one\n$Id$\n",
        "d.u16": "text\n",
    }
    server.repository().commit(files)

    clone = cloner.clone(f"{server.url}/team/app")

    assert contents(clone.folder) == {path: text.encode() for path, text in files.items()}
    assert clone.notes == ("Files in Git LFS are left out: only their pointers are there",)
    assert not marker.exists()


def a_home(home: Path, marker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of somebody whose own git would run a lot."""
    (home / "hooks").mkdir(parents=True)
    (home / "template" / "hooks").mkdir(parents=True)
    for folder in (home / "hooks", home / "template" / "hooks"):
        for name in HOOKS:
            (folder / name).write_text(hook(marker))
            (folder / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {home}/hooks\n\tfsmonitor = touch {marker}\n\tsymlinks = true\n"
        f"[init]\n\ttemplateDir = {home}/template\n"
        f'[filter "evil"]\n\tsmudge = touch {marker}\n\tprocess = touch {marker}\n\trequired = true\n'
        f'[filter "lfs"]\n\tsmudge = touch {marker}\n\trequired = true\n'
        f"[credential]\n\thelper = !touch {marker}\n"
        f'[url "file:///"]\n\tinsteadOf = http://127.0.0.1\n'
        "[http]\n\tproxy = http://127.0.0.1:9\n\tsslVerify = false\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(home / "template"))
    monkeypatch.setenv("GIT_ASKPASS", f"touch {marker}")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {marker}")
    monkeypatch.setenv("GIT_DIR", str(home / "elsewhere"))


def test_28_the_workers_own_configuration_has_no_say(
    server: GitServer, cloner: Cloner, marker: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_home(tmp_path / "home", marker, monkeypatch)
    server.repository().commit({"a": "1", "link": "/etc/passwd"}, modes={"link": "120000"})

    clone = cloner.clone(f"{server.url}/team/app")

    assert contents(clone.folder) == {"a": b"1", "link": b"/etc/passwd"}
    assert not marker.exists()


def test_28_names_that_differ_in_nothing_a_disk_sees_end_somehow(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    one, two = author.blob("one"), author.blob("two")
    author.commit_tree(author.tree(("100644", "a", one), ("100644", "a", two)))

    try:
        clone = cloner.clone(f"{server.url}/team/app")
    except SourceError as error:
        assert error.code == "GIT_CLONE_FAILED"
    else:
        assert list(contents(clone.folder)) == ["a"]


def test_28_a_tree_that_goes_deeper_than_a_path_may_is_a_400(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    tree = author.tree(("100644", "file", author.blob("x")))
    for _ in range(40):
        tree = author.tree(("40000", "d" * 200, tree))
    author.commit_tree(tree)

    with pytest.raises(SourceError) as refused:
        cloner.clone(f"{server.url}/team/app")

    assert refused.value.code == "GIT_CLONE_FAILED"
