"""`python -m app.compose convert FILE…`: a Compose project as Kubernetes YAML. No server, store or network.

Starts in a fraction of a second: nothing here imports Flask, Celery or a database.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import yaml

from app.compose.builds import is_unbuilt
from app.compose.choices import Expose, Kind, ServiceChoice
from app.compose.converting import Conversion, convert
from app.compose.dotenv import read_dotenv
from app.compose.files import MAX_FILE_BYTES, Folder, decoded
from app.compose.findings import Finding, Findings, refused
from app.compose.options import Options
from app.compose.reading import read_project
from app.errors import KubeOrchError

FINE: Final = 0
WITH_ERRORS: Final = 1
UNUSABLE: Final = 2

_BARE: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@-]*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})

_EPILOG: Final = """\
examples:
  python -m app.compose convert compose.yaml > app.yaml
  python -m app.compose convert compose.yaml compose.prod.yaml --env TAG=1.4 --out manifests/
  python -m app.compose convert compose.yaml --expose ingress --domain example.com --kind worker=job
  python -m app.compose convert compose.yaml --format report

Findings go to stderr: what was left out, and what to do. Exit status: 0 fine, 1 there are errors among the findings
(--strict: warnings count too), 2 the input can't be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert as the arguments say; the exit status."""
    wanted = _parser().parse_args(arguments)
    try:
        conversion = _converted(wanted)
        text = _output(conversion, wanted)
        if wanted.out is not None:
            _write(text if isinstance(text, str) else "", conversion, wanted)
        else:
            sys.stdout.write(text)
    except KubeOrchError as error:
        print(f"error: {error.message}", file=sys.stderr)  # noqa: T201  # a command line speaks to a person
        return UNUSABLE
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return UNUSABLE
    if wanted.format != "report":
        _say(conversion.findings, conversion)
    return _status(conversion.findings, strict=wanted.strict)


def _status(findings: Sequence[Finding], *, strict: bool) -> int:
    bad = {"error", "warning"} if strict else {"error"}
    return WITH_ERRORS if any(finding.level in bad for finding in findings) else FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.compose", description="Compose files as Kubernetes objects.", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="convert")
    convert_ = commands.add_parser(
        "convert", help="write the Kubernetes objects of a Compose project", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = convert_.add_argument
    add("files", nargs="+", metavar="FILE", help="Compose files, later ones over earlier ones; - reads standard input")
    add("--env-file", metavar="F", help="values of variables, instead of .env beside the first file")
    add("--env", action="append", default=[], metavar="K=V", help="the value of a variable; may be given again")
    add("--profile", action="append", default=[], metavar="P", help="take services of this profile too; * for all")
    add("--namespace", metavar="N", help="put every object into this namespace")
    add("--expose", choices=get_args(Expose), help="how published ports are reached (nodeport unless chosen)")
    add("--domain", metavar="D", help="Ingresses get the hosts <service>.D")
    add(
        "--kind",
        action="append",
        default=[],
        metavar="SERVICE=KIND",
        help="deployment, statefulset, daemonset, job, cronjob",
    )
    add(
        "--format", choices=("yaml", "nodes", "report"), default="yaml", help="objects, the canvas's graph, or findings"
    )
    add("--secrets", choices=("keep", "empty"), default="keep", help="write the files' secret values, or blank ones")
    add("--out", metavar="DIR", help="write a file an object into this folder instead of standard output")
    add("--strict", action="store_true", help="exit with 1 for warnings too")
    return parser


def _converted(wanted: argparse.Namespace) -> Conversion:
    files, names = _files(wanted.files)
    env = _from_file(wanted.env_file) | _pairs(wanted.env, "--env")
    kinds = _pairs(wanted.kind, "--kind")
    for service, kind in kinds.items():
        if kind not in get_args(Kind):
            raise refused("INVALID_OPTION", f"--kind {service}={kind}: use one of {', '.join(get_args(Kind))}")
    findings = Findings()
    project = read_project(
        files, names, env=env, dotenv=wanted.env_file is None, profiles=wanted.profile, findings=findings
    )
    for service in kinds.keys() - project.services.keys() - project.jobs.keys():
        raise refused("INVALID_OPTION", f"--kind {service}: there is no such service")
    options = Options(
        services={name: ServiceChoice(kind=kind) for name, kind in kinds.items()},  # type: ignore[arg-type]  # checked
        namespace=wanted.namespace,
        expose=wanted.expose,
        domain=wanted.domain,
    )
    return convert(project, options, findings)


def _files(given: Sequence[str]) -> tuple[Mapping[str, bytes], list[str]]:
    """The folder of the first file is the root of what is read; the files' names seen from there."""
    if "-" in given:
        if len(given) > 1:
            raise refused("INVALID_OPTION", "-: standard input can't be merged with other files")
        return {"compose.yaml": sys.stdin.buffer.read(MAX_FILE_BYTES + 1)}, ["compose.yaml"]
    paths = [Path(name).resolve() for name in given]
    for name, path in zip(given, paths, strict=True):
        if not path.is_file():
            raise refused("FILE_NOT_FOUND", f"{name}: there is no such file")
    root = paths[0].parent
    while not all(path.is_relative_to(root) for path in paths):
        root = root.parent
    return Folder(root), [path.relative_to(root).as_posix() for path in paths]


def _from_file(name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    with Path(name).open("rb") as file:
        text = decoded(file.read(MAX_FILE_BYTES), name)
    return {key: value for key, value in read_dotenv(text, name, {}).items() if value is not None}


def _pairs(given: Sequence[str], option: str) -> dict[str, str]:
    found = {}
    for entry in given:
        key, equals, value = entry.partition("=")
        if not equals or not key:
            raise refused("INVALID_OPTION", f"{option} {entry}: write NAME=VALUE")
        found[key] = value
    return found


# --- output -----------------------------------------------------------------------------------------------------


def _output(conversion: Conversion, wanted: argparse.Namespace) -> str:
    match wanted.format:
        case "nodes":
            graph = {"nodes": list(conversion.graph.nodes), "edges": list(conversion.graph.edges)}
            return json.dumps(graph, indent=2, ensure_ascii=False) + "\n"
        case "report":
            return _report(conversion)
        case _:
            return "---\n".join(_yaml(obj) for obj in _objects(conversion, wanted))


def _objects(conversion: Conversion, wanted: argparse.Namespace) -> list[dict[str, Any]]:
    # Jinja2 is a third of the start: who wants the graph or the findings needn't wait for it.
    from app.compose.manifests_of import objects_of

    return objects_of(conversion, namespace=wanted.namespace or "default", keep_secrets=wanted.secrets == "keep")


class _Dumper(yaml.CSafeDumper):
    """Without aliases: people read this. Text that any reader of YAML might take for something else is quoted."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    # kubectl's reader takes `y` for true and `1e3` for a number, which Python's dumper leaves bare.
    bare = _BARE.fullmatch(text) is not None and text.lower() not in _WORDS
    style = None if bare or "\n" in text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else style)


_Dumper.add_representer(str, _text)


def _yaml(obj: Mapping[str, Any]) -> str:
    return yaml.dump(obj, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _report(conversion: Conversion) -> str:
    lines = [f"{node['type']:22} {node['data']['name']}" for node in conversion.graph.nodes]
    said = [f"{finding.level:8} {finding}" for finding in conversion.findings]
    return "\n".join([*lines, "", *said]) + "\n"


def _say(findings: Sequence[Finding], conversion: Conversion) -> None:
    for finding in findings:
        print(f"{finding.level}: {finding}", file=sys.stderr)  # noqa: T201  # a command line speaks to a person
    for node in conversion.graph.nodes:
        if is_unbuilt(node["data"]):
            image = f"{node['data']['name']}:latest"
            print(f"warning: build and push {image}, and write its full name", file=sys.stderr)  # noqa: T201


def _write(text: str, conversion: Conversion, wanted: argparse.Namespace) -> None:
    folder = Path(wanted.out)
    folder.mkdir(parents=True, exist_ok=True)
    if wanted.format != "yaml":
        name = "report.txt" if wanted.format == "report" else "nodes.json"
        (folder / name).write_text(text, encoding="utf-8")
        return
    for n, obj in enumerate(_objects(conversion, wanted), start=1):
        name = f"{n:03d}-{obj['kind'].lower()}-{obj['metadata']['name']}.yaml"
        (folder / name).write_text(_yaml(obj), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
