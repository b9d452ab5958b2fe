"""A commit is judged by git's list of it, before a file is written."""

from pathlib import Path

import pytest

from app.sources.errors import SourceError
from app.sources.limits import MEBI, Limits
from app.sources.tree import Tree

BLOB = "1" * 40


def entry(path: str, size: int | str = 1, mode: str = "100644", kind: str = "blob") -> bytes:
    return f"{mode} {kind} {BLOB} {size:>7}\t{path}\0".encode()


def read(*parts: bytes, limits: Limits | None = None) -> Tree:
    tree = Tree(limits or Limits())
    for part in parts:
        tree.read(part)
    return tree


def test_files_are_counted_wherever_the_output_is_cut() -> None:
    output = (
        entry("a") + entry("with\ttab and\nline", 20) + entry("s", "-", "160000", "commit") + entry("l", 3, "120000")
    )

    whole, in_bytes = read(output), read(*(bytes([byte]) for byte in output))

    for tree in (whole, in_bytes):
        assert (tree.files, tree.total_bytes, tree.links, tree.submodules) == (4, 24, 1, ["s"])


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (Limits(files=2), "GIT_MAX_FILES"),
        (Limits(file_bytes=9), "GIT_MAX_FILE_MB"),
        (Limits(repository_bytes=11), "GIT_MAX_REPO_MB"),
    ],
)
def test_too_much_of_anything_names_its_setting(limits: Limits, setting: str) -> None:
    with pytest.raises(SourceError, match=setting) as refused:
        read(entry("a"), entry("b"), entry("c", 10), limits=limits)

    assert refused.value.code == "REPO_TOO_LARGE"


def test_exactly_the_limit_is_allowed() -> None:
    assert read(entry("a", 5), entry("b", 5), limits=Limits(files=2, file_bytes=5, repository_bytes=10)).files == 2


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("*.psd filter=lfs diff=lfs merge=lfs -text\n")
    tree = read(*(entry(f"module-{number}", "-", "160000") for number in range(5)), entry("l", 3, "120000"))

    assert tree.notes(tmp_path) == (
        "Submodules are left out: module-0, module-1, module-2, ...",
        "Symbolic links are taken as text files, not followed: 1",
        "Files in Git LFS are left out: only their pointers are there",
    )
    assert read(entry("a")).notes(tmp_path / "nothing") == ()


def test_names_of_strangers_carry_no_terminal_escapes(tmp_path: Path) -> None:
    assert read(entry("a\x1b[31m", "-", "160000")).notes(tmp_path) == ("Submodules are left out: a?[31m",)


def test_a_folder_is_measured_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").write_bytes(b"x" * 600)
    (tmp_path / "big").write_bytes(b"x" * 5000)
    inside = tmp_path / "deep"
    (inside / "out").symlink_to(tmp_path / "big")

    Limits(repository_bytes=1000).check_folder(inside)
    with pytest.raises(SourceError, match=f"more than {2000 // MEBI} MB"):
        Limits(repository_bytes=2000).check_folder(tmp_path)
    Limits(files=1).check_folder(tmp_path)  # git has files of its own
    for number in range(1001):
        (tmp_path / str(number)).touch()
    with pytest.raises(SourceError, match="GIT_MAX_FILES"):
        Limits(files=1).check_folder(tmp_path)
    Limits().check_folder(tmp_path / "nothing")
