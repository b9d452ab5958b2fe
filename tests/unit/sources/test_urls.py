"""Addresses of repositories, as people paste them: the contract's table, line by line."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.errors import SourceError
from app.sources.urls import TOKEN_USER, file_url, is_single_file, repository_of

GITHUB = "https://github.com/acme/shop"

SPELLINGS = [
    (GITHUB, GITHUB),
    (f"{GITHUB}/", GITHUB),
    (f"  {GITHUB} ", GITHUB),
    (f"{GITHUB}.git", GITHUB),
    ("https://www.github.com/acme/shop", GITHUB),
    ("HTTPS://GitHub.COM/acme/shop", GITHUB),
    ("https://github.com:443/acme/shop", GITHUB),
    ("https://github.com./acme//shop", GITHUB),
    (f"{GITHUB}?tab=readme#install", GITHUB),
    (f"{GITHUB}/issues/12", GITHUB),
    ("github.com/acme/shop", GITHUB),
    ("git@github.com:acme/shop.git", GITHUB),
    ("git@github.com:/acme/shop", GITHUB),
    ("ssh://git@github.com/acme/shop.git", GITHUB),
    ("ssh://git@ssh.github.com:443/acme/shop.git", GITHUB),
    ("git+ssh://git@github.com/acme/shop", GITHUB),
    ("git://github.com/acme/shop", GITHUB),
    ("git@gitlab.com:group/sub/shop.git", "https://gitlab.com/group/sub/shop"),
    ("https://gitlab.com/group/sub/deep/shop", "https://gitlab.com/group/sub/deep/shop"),
    ("https://git.example.org:8443/shop.git", "https://git.example.org:8443/shop"),
    ("https://dev.azure.com/acme/My%20Shop/_git/shop", "https://dev.azure.com/acme/My%20Shop/_git/shop"),
    ("https://git.sr.ht/~ada/shop", "https://git.sr.ht/~ada/shop"),
    ("https://bücher.example/a/b", "https://xn--bcher-kva.example/a/b"),
    ("https://git.example.org/ada/bücher", "https://git.example.org/ada/b%C3%BCcher"),
    ("https://[2606:4700::1111]/a/b", "https://[2606:4700::1111]/a/b"),
    ("http://git.example.org:80/a/b", "http://git.example.org/a/b"),
]


@pytest.mark.parametrize(("text", "url"), SPELLINGS)
def test_one_repository_has_one_url(text: str, url: str) -> None:
    repository = repository_of(text)

    assert (repository.url, repository.ref, repository.path) == (url, None, "")


PAGES = [
    ("https://github.com/acme/shop/tree/dev", "dev", ""),
    ("https://github.com/acme/shop/tree/dev/deploy/prod", "dev", "deploy/prod"),
    ("https://github.com/acme/shop/blob/v1.2/deploy/compose.yaml", "v1.2", "deploy/compose.yaml"),
    ("https://github.com/acme/shop/blob/main/a%20folder/compose.yml?plain=1#L4", "main", "a folder/compose.yml"),
    ("https://git.corp.example/acme/shop/tree/dev/deploy", "dev", "deploy"),
    ("https://gitlab.com/group/sub/shop/-/tree/dev/deploy", "dev", "deploy"),
    ("https://gitlab.com/group/sub/shop/-/blob/dev/compose.yml", "dev", "compose.yml"),
    ("https://codeberg.org/acme/shop/src/branch/dev/deploy", "dev", "deploy"),
    ("https://git.corp.example/acme/shop/src/tag/v1/deploy", "v1", "deploy"),
    (f"https://gitea.com/acme/shop/src/commit/{'a1' * 20}/deploy", "a1" * 20, "deploy"),
    ("https://bitbucket.org/acme/shop/src/dev/deploy/", "dev", "deploy"),
    ("https://bitbucket.org/acme/shop/src/branch/deploy/", "branch", "deploy"),
]


@pytest.mark.parametrize("branch", ["", "main", " main "])
@pytest.mark.parametrize(("text", "ref", "path"), PAGES)
def test_a_page_says_branch_and_path(text: str, ref: str, path: str, branch: str) -> None:
    repository = repository_of(text, branch)

    assert (repository.ref, repository.path) == (ref, path)
    assert "/".join(repository.shown) == f"{ref}/{path}".rstrip("/"), "until the refs are known that is a guess"
    assert repository.name == "shop"


def test_a_branch_that_somebody_named_wins_over_the_page() -> None:
    repository = repository_of("https://github.com/acme/shop/tree/dev/deploy", "release/1.2")

    assert (repository.ref, repository.path, repository.shown) == ("release/1.2", "", ())


def test_without_a_page_the_branch_is_the_one_that_was_sent() -> None:
    assert repository_of(GITHUB, "main").ref == "main"
    assert repository_of(GITHUB, "").ref is None


@pytest.mark.parametrize(
    ("text", "user", "token"),
    [
        ("https://ada:s%40crt@github.com/acme/shop", "ada", "s@crt"),
        ("https://ghp_0123456789abcdef0123@github.com/acme/shop", TOKEN_USER, "ghp_0123456789abcdef0123"),
        ("https://acme@dev.azure.com/acme/p/_git/shop", "acme", None),
        ("https://github.com/acme/shop", None, None),
    ],
)
def test_user_info_is_taken_out_at_once(text: str, user: str | None, token: str | None) -> None:
    repository = repository_of(text)

    assert (repository.user, repository.token) == (user, token)
    assert "@" not in repository.url
    assert token is None or token not in repr(repository)


def test_it_is_looked_for_as_it_was_given_first() -> None:
    assert repository_of(GITHUB).addresses == (GITHUB, f"{GITHUB}.git")
    assert repository_of(f"{GITHUB}.git").addresses == (f"{GITHUB}.git",)


def test_host_and_project_are_what_credentials_are_bound_to() -> None:
    repository = repository_of("https://Git.Example.org:8443/Group/sub/shop.git")

    assert (repository.host, repository.project) == ("git.example.org:8443", "Group/sub/shop")


REFUSED = [
    "",
    "   ",
    "-",
    "--upload-pack=touch /tmp/x",
    "-u",
    "ext::sh -c touch% /tmp/x",
    "ext::sh",
    "file:///etc/passwd",
    "/etc/passwd",
    "../shop",
    "./shop.git",
    "C:\\shop",
    "C:/shop",
    "ssh://-oProxyCommand=x/shop",
    "git@-oProxyCommand=x:shop",
    "ssh://git@git.example.org/acme/shop",
    "git://git.example.org/acme/shop",
    "git@git.example.org:acme/shop",
    "ftp://example.org/shop",
    "javascript:alert(1)",
    "https://",
    "https://github.com",
    "https://github.com/acme",
    "https:///acme/shop",
    "https://-x/acme/shop",
    "https://a..b/acme/shop",
    "https://example.org:0/shop",
    "https://example.org:99999/shop",
    "https://example.org:x/shop",
    "https://github.com/acme/../shop",
    "https://github.com/acme/%2e%2e/shop",
    "https://github.com/acme/sh%2fop",
    "https://github.com/acme/sh%0aop",
    "https://github.com/acme/shop\nx",
    "https://github.com/acme/shop\r",
    "https://github.com/acme/sh op",
    "https://github.com/acme/$HOME",
    "https://github.com/acme/'shop'",
    'https://github.com/acme/"shop"',
    "https://github.com/acme/`id`",
    "https://github.com/-acme/shop\t",
    "https://example.org/-shop",
    "https://example.org/.git",
    "https://ada:x%0a@example.org/shop",
    "https://2130706433/shop",
    "https://0x7f000001/shop",
    "https://127.1/shop",
    "https://0177.0.0.1/shop",
    "https://[::1/shop",
    "https://example.org/" + "a" * 2048,
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SourceError) as refused:
        repository_of(text)

    assert refused.value.code == "INVALID_URL"
    assert refused.value.message.startswith("The URL can't be used: ")
    assert refused.value.details.keys() == {"url"}


NO_BRANCHES = [
    *("-x", "--upload-pack=x", "a b", "a..b", "a\nb", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "$HOME", "'a'"),
    *('"a"', "`a`", "a@{1}", "@", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a" * 256),
]


@pytest.mark.parametrize("branch", NO_BRANCHES)
def test_what_is_no_branch_is_refused_and_not_repeated(branch: str) -> None:
    with pytest.raises(SourceError) as refused:
        repository_of(GITHUB, branch)

    assert refused.value.code == "INVALID_URL"
    assert refused.value.details.keys() == {"branch"}
    assert refused.value.message == "The branch isn't the name of a branch, tag or commit: check its spelling"


@pytest.mark.parametrize(
    "branch", ["dev", "feature/x", "v1.2.3", "dependabot/npm/@types+node-1", "übung", "a-b", "x#1"]
)
def test_usual_names_of_branches_are_taken(branch: str) -> None:
    assert repository_of(GITHUB, branch).ref == branch


@pytest.mark.parametrize(
    "text",
    [
        "https://raw.githubusercontent.com/acme/shop/main/docker-compose.yml",
        "https://github.com/acme/shop/raw/main/compose.yaml",
        "https://gitlab.com/group/shop/-/raw/main/compose.yml",
        "https://example.org/compose.YAML?token=abc",
        "https://gist.githubusercontent.com/ada/0123/raw/compose.yml",
        "http://example.org/compose.yml",
    ],
)
def test_the_url_of_a_file_is_a_single_file(text: str) -> None:
    assert is_single_file(text)


@pytest.mark.parametrize(
    "text",
    [
        GITHUB,
        "https://github.com/acme/shop/blob/main/compose.yml",
        "https://github.com/acme/shop/blob/main/raw/compose.yml",
        "https://gitlab.com/group/shop/-/blob/main/compose.yml",
        "https://codeberg.org/acme/shop/src/branch/main/compose.yml",
        "https://github.com/acme/config.yml",
        "file:///etc/compose.yml",
        "/etc/compose.yml",
        "",
    ],
)
def test_pages_and_repositories_are_no_single_files(text: str) -> None:
    assert not is_single_file(text)


def test_the_url_of_a_file_keeps_its_query_only() -> None:
    assert file_url("https://Example.org/a b.yml".replace(" ", "%20") + "?token=x%2By&ref=1#L3") == (
        "https://example.org/a%20b.yml?token=x%2By&ref=1"
    )
    with pytest.raises(SourceError, match="a user name"):
        file_url("https://ada:secret@example.org/compose.yml")


def test_what_comes_out_goes_in_again() -> None:
    for text, _ in SPELLINGS:
        once = repository_of(text)
        assert repository_of(once.url) == dataclasses.replace(once, ends_in_git=False)


PIECES = st.sampled_from(
    [
        *(
            "https://",
            "http://",
            "ssh://",
            "git@",
            "github.com",
            "git.example.org",
            ":8443",
            ":",
            "@",
            "/",
            "//",
            "?",
            "#",
        ),
        *("tree", "blob", "src", "branch", "-", "raw", ".git", "main", "feature", "compose.yml", "ada", "a" * 70),
        *("..", ".", "%2e", "%00", "%0a", "%2f", "[", "]", "[::1]", "0x7f.1", "1", "xn--"),
        *("\n", " ", "\\", "$", "'", "ü", "。", "\u200b", "\ud800"),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=80), st.sampled_from(["", "main", "dev"]))
def test_any_text_is_a_repository_that_git_can_be_given_or_an_error(text: str, branch: str) -> None:
    try:
        repository = repository_of(text, branch)
    except SourceError as error:
        assert error.code == "INVALID_URL"
        return

    scheme, _, rest = repository.url.partition("://")
    assert scheme in {"https", "http"}
    assert rest.isascii() and rest.isprintable() and not set(rest) & set(" \"'`\\<>{}|^$?#@") - {"@"}
    assert "@" not in rest.partition("/")[0]
    assert not {"..", "."} & {*repository.path.split("/"), *repository.project.split("/")} - {""}
    assert repository_of(repository.url).url == repository.url
    assert not (repository.ref or "").startswith("-")


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=80))
def test_any_text_is_the_url_of_a_file_or_none(text: str) -> None:
    if is_single_file(text):
        try:
            url = file_url(text)
        except SourceError:  # with a user name
            return
        assert url.isascii() and url.isprintable() and " " not in url
