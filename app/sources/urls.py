"""The address of a repository as people paste it: web page, clone URL, SSH form. Pure; the guard judges its host.

One parser for all who handle such addresses: two that disagree are a hole. What comes out is spelt anew from its parts,
so nothing of the original reaches git but what was understood here.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from app.net.host_names import host_name
from app.sources.errors import SourceError, source_error
from app.sources.pages import TWO_PARTS, page_of
from app.sources.ref_names import bad_ref, checked_ref, is_ref_name

MAX_CHARACTERS: Final = 2048
# Hosts that are known to serve over https what they serve over ssh:// and git://, where no address can be pinned.
_HTTPS_TWINS: Final = {
    "github.com": "github.com",
    "ssh.github.com": "github.com",
    "gitlab.com": "gitlab.com",
    "altssh.gitlab.com": "gitlab.com",
    "bitbucket.org": "bitbucket.org",
    "altssh.bitbucket.org": "bitbucket.org",
    "codeberg.org": "codeberg.org",
    "gitea.com": "gitea.com",
    "git.sr.ht": "git.sr.ht",
}
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_FORBIDDEN: Final = re.compile(r"""[\s"'`\\<>{}|^$]""")
_SCP: Final = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")
_SAFE: Final = "~@:+,=!()&*"
_TOKEN_LEAST: Final = 20  # characters: shorter user names without a password are names
TOKEN_USER: Final = "x-access-token"  # noqa: S105  a user name: Git hosts look only at the token beside it


@dataclass(frozen=True, slots=True)
class Repository:
    """Which repository, and what of it."""

    url: str
    """`https://host[:port]/path`, without `.git`, credentials, query: also its identity."""
    host: str
    """Lower case, with the port when it isn't the scheme's own."""
    ref: str | None
    """Branch, tag or commit that is asked for; `None`: the default branch."""
    path: str
    """Inside the repository: a folder or file; empty: all of it."""
    user: str | None = None
    token: str | None = field(default=None, repr=False)
    """From the URL's user info; never in `url`."""
    ends_in_git: bool = False
    """The address was given with `.git` at its end."""
    shown: tuple[str, ...] = ()
    """Of a web page: the parts of ref and path together. `ref` and `path` are a guess until the refs are known."""

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def credential_host(self) -> str:
        """What a stored credential must be for: `host` alone means https, so that none of these is sent in the clear.

        Without TLS (GIT_ALLOW_HTTP) it is always with its port, `host:80` where the address has none.
        """
        has_port = re.search(r":[0-9]+\Z", self.host) is not None
        return self.host if has_port or self.scheme == "https" else f"{self.host}:80"

    @property
    def project(self) -> str:
        """The path on its host, such as `owner/name`."""
        return unquote(self.url.partition("://")[2].partition("/")[2])

    @property
    def name(self) -> str:
        """The last part of it."""
        return self.project.rpartition("/")[2]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where git may find it: as it was given first."""
        with_git = f"{self.url}.git"
        return (with_git,) if self.ends_in_git else (self.url, with_git)


def repository_of(text: str, branch: str = "") -> Repository:
    """Take an address apart.

    Args:
        text: as somebody pasted it.
        branch: that they named besides; empty or `main` leaves it to a page's address.

    Raises:
        SourceError: `INVALID_URL`, with what is wrong.
    """
    parts = _split(_checked_text(text))
    host = _host(parts)
    page = page_of(host.partition(":")[0], _path_parts(parts.path))
    *folders, last = page.repository
    name = last.removesuffix(".git")
    if not name or (host in TWO_PARTS and not folders):
        raise _bad("it names no repository: it should look like https://github.com/owner/name")
    asked, shown = branch.strip(" "), page.shown
    if asked not in {"", "main"}:
        asked, shown = checked_ref(asked), ()
    elif shown and not is_ref_name(shown[0]):
        raise bad_ref()
    user, token = _user_info(parts)
    return Repository(
        url=f"{parts.scheme.lower()}://{host}/{'/'.join(quote(part, safe=_SAFE) for part in (*folders, name))}",
        host=host,
        ref=shown[0] if shown else asked or None,
        path="/".join(shown[1:]),
        user=user,
        token=token,
        ends_in_git=last != name,
        shown=shown,
    )


def is_single_file(text: str) -> bool:
    """Whether a URL ends in .yml or .yaml and isn't the page of a repository, or a repository of that name."""
    try:
        parts = _split(_checked_text(text))
        segments, host = _path_parts(parts.path), _host(parts)
    except SourceError:
        return False
    if not segments[-1].lower().endswith((".yml", ".yaml")):
        return False
    page = page_of(host, segments)
    if page.shown:
        return False
    is_repository = host in TWO_PARTS and len(segments) == 2
    return "raw" in segments[1:] or (page.repository == tuple(segments) and not is_repository)


def file_url(text: str) -> str:
    """The URL of one file in one spelling, its query included.

    Raises:
        SourceError: `INVALID_URL`.
    """
    parts = _split(_checked_text(text))
    if parts.username is not None:
        raise _bad("a user name in the URL of a single file isn't used: give a repository instead")
    path = "/".join(quote(part, safe=_SAFE) for part in _path_parts(parts.path))
    query = f"?{quote(parts.query, safe=_SAFE + '/?%')}" if parts.query else ""
    return f"{parts.scheme.lower()}://{_host(parts)}/{path}{query}"


def _checked_text(text: str) -> str:
    text = text.strip(" ")
    if not text:
        raise _bad("it is empty")
    if len(text) > MAX_CHARACTERS:
        raise _bad(f"it is longer than {MAX_CHARACTERS} characters")
    if not text.isprintable() or _FORBIDDEN.search(text):
        raise _bad("it has characters that no such address has")
    if text.startswith("-"):
        raise _bad("it begins with -")
    return text


def _split(text: str) -> SplitResult:
    """As https or http; other spellings are rewritten where that is known to work."""
    scp = _SCP.fullmatch(text)
    if scp and "://" not in text:
        return _twin(scp["host"], scp["path"].lstrip("/"))
    if "://" not in text and text.partition("/")[0].lower() in _HTTPS_TWINS:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise _bad("its host or port can't be read") from None
    match parts.scheme.lower():
        case "https" | "http":
            return parts
        case "ssh" | "git" | "git+ssh" | "ssh+git":
            return _twin(parts.hostname or "", parts.path.lstrip("/"))
    raise _bad("it must begin with https://")


def _twin(host: str, path: str) -> SplitResult:
    twin = _HTTPS_TWINS.get(host.lower().removeprefix("www."))
    if twin is None:
        raise _bad("SSH and git:// addresses aren't used here: give its https:// address")
    return urlsplit(f"https://{twin}/{path}")


def _host(parts: SplitResult) -> str:
    try:
        name = host_name(parts.hostname or "")
    except ValueError:
        raise _bad("its host can't be read") from None
    port = parts.port
    if port == 0:
        raise _bad("its port can't be 0")
    return name if port in {None, _DEFAULT_PORTS[parts.scheme.lower()]} else f"{name}:{port}"


def _path_parts(path: str) -> list[str]:
    """Decoded, each of them a plain name."""
    parts = [unquote(part) for part in path.split("/") if part]
    if any(part in {".", ".."} or "/" in part or "\\" in part or not part.isprintable() for part in parts):
        raise _bad("its path has parts that no repository has")
    if not parts or parts[0].startswith("-"):
        raise _bad("it names no repository")
    return parts


def _user_info(parts: SplitResult) -> tuple[str | None, str | None]:
    user, token = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + token).isprintable():
        raise _bad("its user name or password has characters that can't be sent")
    if not token and len(user) >= _TOKEN_LEAST:  # https://<token>@host, as GitHub's own examples have it
        return TOKEN_USER, user
    return user or None, token or None


def _bad(what: str) -> SourceError:
    """Without the address itself, which may hold a password."""
    return source_error("INVALID_URL", f"The URL can't be used: {what}", {"url": what})
