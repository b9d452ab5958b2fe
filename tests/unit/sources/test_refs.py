"""Which commit somebody means, once the remote's refs are known."""

import pytest

from app.sources.errors import SourceError
from app.sources.refs import Refs, Wanted, settled
from app.sources.urls import repository_of

URL = "https://github.com/acme/shop"
ONE, TWO = "1" * 40, "2" * 40


def refs(*branches: str, default: str = "main", tags: tuple[str, ...] = ()) -> Refs:
    return Refs(default, dict.fromkeys(branches, ONE), dict.fromkeys(tags, TWO))


def test_nothing_asked_is_the_default_branch() -> None:
    wanted = settled(repository_of(URL), refs("trunk", "main", default="trunk"))

    assert wanted == Wanted("trunk", "refs/heads/trunk", "")


def test_main_is_main_where_there_is_one() -> None:
    assert settled(repository_of(URL, "main"), refs("trunk", "main", default="trunk")).name == "main"


def test_main_is_the_default_branch_where_there_is_none_and_that_is_said() -> None:
    wanted = settled(repository_of(URL, "main"), refs("master", default="master"))

    assert (wanted.name, wanted.notes) == (
        "master",
        ("There is no branch main: taking the default branch, master",),
    )


def test_a_page_of_main_falls_back_too_and_keeps_its_path() -> None:
    wanted = settled(repository_of(f"{URL}/tree/main/deploy"), refs("master", default="master"))

    assert (wanted.name, wanted.path) == ("master", "deploy")


@pytest.mark.parametrize(
    ("page", "name", "path"),
    [
        ("feature/x/deploy/prod", "feature/x", "deploy/prod"),
        ("feature/x", "feature/x", ""),
        ("dev/feature/x", "dev", "feature/x"),
        ("v1/rc/deploy", "v1/rc", "deploy"),
    ],
)
def test_a_ref_with_slashes_is_told_from_the_path_by_the_refs(page: str, name: str, path: str) -> None:
    wanted = settled(repository_of(f"{URL}/tree/{page}"), refs("main", "dev", "feature/x", tags=("v1/rc",)))

    assert (wanted.name, wanted.path) == (name, path)


def test_a_branch_wins_over_a_tag_of_that_name() -> None:
    assert settled(repository_of(URL, "v1"), refs("main", "v1", tags=("v1",))).wanted == "refs/heads/v1"
    assert settled(repository_of(URL, "v1"), refs("main", tags=("v1",))).wanted == "refs/tags/v1"


def test_a_whole_commit_is_asked_for_whether_or_not_a_ref_has_it() -> None:
    assert settled(repository_of(URL, "ab" * 20), refs("main")).wanted == "ab" * 20
    assert settled(repository_of(f"{URL}/tree/{'ab' * 20}/deploy"), refs("main")).path == "deploy"


def test_the_beginning_of_a_commit_is_taken_when_a_ref_has_it() -> None:
    assert settled(repository_of(URL, "1111111"), refs("main")).wanted == ONE

    with pytest.raises(SourceError, match="a commit needs its whole id"):
        settled(repository_of(URL, "3333333"), refs("main"))


def test_an_unknown_branch_is_answered_with_ten_names_the_nearest_first() -> None:
    branches = [f"branch-{number:02}" for number in range(20)]

    with pytest.raises(SourceError) as unknown:
        settled(repository_of(URL, "devlop"), refs("main", "develop", *branches))

    assert unknown.value.code == "BRANCH_NOT_FOUND"
    names = unknown.value.message.partition("It has: ")[2]
    assert names.startswith("develop, main, branch-00, ")
    assert names.endswith(", ...") and names.count(", ") == 10


def test_an_empty_repository_is_named_so() -> None:
    with pytest.raises(SourceError) as empty:
        settled(repository_of(URL), Refs(""))

    assert (empty.value.code, empty.value.message) == (
        "NOTHING_FOUND",
        "The repository shop is empty: push something first",
    )


def test_branches_are_listed_with_the_default_first() -> None:
    assert refs("a", "main", "b").branches == ("main", "a", "b")
    assert refs("main", tags=("v1", "v2")).tags == ("v2", "v1")
