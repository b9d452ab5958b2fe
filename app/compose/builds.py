"""What has to be built, and how: the `_build` of a node. Pure."""

import posixpath
import re
from collections.abc import Mapping
from typing import Any, Final

from app.compose.files import is_host_path
from app.compose.secrecy import is_secret
from app.compose.work import Part, Work

_NOT: Final = "KEY_NOT_CONVERTED"
_REPOSITORY: Final = re.compile(
    r"https?://(?:[^@/\s]*@)?(?P<host>[^@/\s#]+)/(?P<path>[^\s#?]+?)/?(?:#(?P<ref>[^:\s]*)(?::(?P<folder>\S*))?)?"
)
UNBUILT: Final = "kubeorch.invalid/{name}:unbuilt"
"""What an image is called that nobody has built yet; no registry can serve it."""


def build_of(work: Work, part: Part) -> dict[str, Any]:
    """`_build` of a node that waits for its image; arguments that look secret are not in it."""
    build: Mapping[str, Any] = part.service.get("build") or {}
    context = str(build.get("context", "."))
    found: dict[str, Any] = {"status": "pending", "useNixpacks": work.project.by_nixpacks, "context": context}
    repository = work.options.repository
    if elsewhere := _repository_of(context):
        found |= elsewhere
        if "@" in context.partition("://")[2].partition("/")[0]:
            message = "credentials in an address are not kept: store a Git credential for that host"
            work.findings.warn(_NOT, message, service=part.key, key="build.context")
    elif repository is not None:
        found |= {"repoUrl": repository.url, "branch": repository.branch}
    else:
        message = "has to be built, and no repository is known: import from Git, or give an image"
        work.findings.warn("SERVICE_NO_IMAGE", message, service=part.key, key="build")
    if isinstance(build.get("dockerfile"), str):
        found["dockerfile"] = from_root(found["context"], build["dockerfile"])
    if isinstance(build.get("target"), str):
        found["target"] = build["target"]
    if "dockerfile_inline" in build:
        message = "a Dockerfile inside the Compose file is not built: put it into the repository as a file"
        work.findings.warn(_NOT, message, service=part.key, key="build.dockerfile_inline")
    args = {name: value for name, value in (build.get("args") or {}).items() if not is_secret(name, value)}
    if args:
        found["args"] = args
    secret = sorted((build.get("args") or {}).keys() - args.keys())
    if secret:
        message = f"{', '.join(secret)} looks secret and is not kept: give it when you start the build"
        work.findings.warn(_NOT, message, service=part.key, key="build.args")
    platforms = build.get("platforms") or ()
    if platforms:
        found["platform"] = str(platforms[0])
        if len(platforms) > 1:
            message = f"only {platforms[0]} is built: one platform a build"
            work.findings.info(_NOT, message, service=part.key, key="build.platforms")
    return found


def _repository_of(context: str) -> dict[str, str]:
    """A context that is a Git repository, `https://host/path.git#branch:folder`; empty for a folder."""
    match = _REPOSITORY.fullmatch(context)
    if match is None:
        return {}
    url = f"https://{match['host']}/{match['path']}"
    return {"repoUrl": url, "branch": match["ref"] or "main", "context": match["folder"] or "."}


def from_root(context: str, dockerfile: str) -> str:
    """Compose looks in the context, a build in the repository's root first: where another one may lie."""
    if is_host_path(dockerfile) or "://" in context or is_host_path(context):
        return dockerfile
    return posixpath.normpath(posixpath.join(context, dockerfile))


def is_unbuilt(data: Mapping[str, Any]) -> bool:
    """Does a node wait for its image?"""
    return str(data.get("image") or "").startswith(UNBUILT.partition("{")[0])
