"""A service's environment → a configmap and a secret that its workload reads whole, and keys that a run asks for."""

from collections.abc import Mapping
from typing import Any, Final

from app.compose.container import note_host
from app.compose.hosts import replaced
from app.compose.secrecy import is_secret
from app.compose.work import Part, Work
from app.manifests.names import data_key_problem, env_name_problem

_NOT: Final = "KEY_NOT_CONVERTED"
_TELLING: Final = 6  # shorter values are words that stand anywhere


def set_environment(work: Work, part: Part) -> None:
    """Plain values, secret values, and keys without a value: each where it belongs."""
    plain: dict[str, str] = {}
    secret: dict[str, str | None] = {}
    asked: list[str] = []
    direct: dict[str, str] = {}
    for key, value in _entries(work, part).items():
        if value is None:
            if part.kind in ("deployment", "statefulset"):
                asked.append(key)
            elif data_key_problem(key) is None:
                secret[key] = None
            else:
                direct[key] = ""
        elif _secret(part, key, value) and data_key_problem(key) is None:
            secret[key] = value
        elif data_key_problem(key) is None:
            plain[key] = value
        elif _secret(part, key, value):
            message = f"{key[:60]} looks secret and its name can't be kept in a Secret: rename it, it is left out"
            work.findings.error(_NOT, message, service=part.key, key="environment")
        else:
            direct[key] = value
    if asked:
        part.data["envKeys"] = [{"id": key, "name": key} for key in asked]
        message = f"{', '.join(asked)[:200]}: without a value here, the run asks for it"
        work.findings.info("VARIABLE_NOT_SET", message, service=part.key, key="environment")
    if direct:
        part.data["env"] = direct
    _nodes(work, part, plain, secret)


def _secret(part: Part, key: str, value: str) -> bool:
    if key in part.choice.plain_keys:
        return False
    return key in part.choice.secret_keys or is_secret(key, value)


def _entries(work: Work, part: Part) -> dict[str, str | None]:
    """The environment with host names that follow renamed services; names that are none are left out."""
    given: Mapping[str, Any] = part.service.get("environment") or {}
    found: dict[str, str | None] = {}
    renamed = []
    for key, value in given.items():
        if env_name_problem(key):
            message = f"'{key[:60]}' is no name for a variable: use letters, digits and '_', it is left out"
            work.findings.warn("INVALID_COMPOSE_SYNTAX", message, service=part.key, key="environment")
            continue
        if value is None:
            found[key] = None
            continue
        places = work.hosts.in_value(key, value)
        for start, end in places:
            note_host(work, part, value[start:end])
        found[key] = replaced(value, places, work.hosts.by_name)
        if found[key] != value:
            renamed.append(key)
    if renamed:
        message = f"host names in {', '.join(renamed)[:200]} follow the services' new names"
        work.findings.info("RENAMED", message, service=part.key, key="environment")
    found |= _models(work, part)
    return found


def _models(work: Work, part: Part) -> dict[str, str | None]:
    """Language models: their endpoint is asked for, nothing here serves them."""
    found: dict[str, str | None] = {}
    for name, entry in (part.service.get("models") or {}).items():
        prefix = name.upper().replace("-", "_").replace(".", "_")
        wanted = entry or {}
        found[str(wanted.get("endpoint_var") or f"{prefix}_URL")] = None
        model = (work.project.models.get(name) or {}).get("model")
        found[str(wanted.get("model_var") or f"{prefix}_MODEL")] = str(model) if model else None
        message = f"{name}: nothing here serves language models, the run asks for the endpoint"
        work.findings.warn(_NOT, message, service=part.key, key="models")
    return {key: value for key, value in found.items() if not env_name_problem(key)}


def _nodes(work: Work, part: Part, plain: dict[str, str], secret: dict[str, str | None]) -> None:
    env_from: list[dict[str, str]] = []
    if plain:
        node = work.add("configmap", f"{part.name}-config", data=plain)
        work.edge(node, part.node)
        env_from.append({"type": "configMap", "name": node["data"]["name"], "nodeId": node["id"]})
    if secret:
        keys = [{"id": key, "name": key} for key in secret]
        node = work.add("secret", f"{part.name}-secrets", secretType="Opaque", keys=keys)
        work.edge(node, part.node)
        env_from.append({"type": "secret", "name": node["data"]["name"], "nodeId": node["id"]})
        work.secret_values[node["id"]] = {key: value for key, value in secret.items() if value is not None}
    if env_from:
        part.data["envFrom"] = env_from


def say_plain_secrets(work: Work) -> None:
    """A secret value that also stands in a command is in the graph: only the person can move it out of there."""
    values = {value for one in work.secret_values.values() for value in one.values() if len(value) >= _TELLING}
    for part in work.parts.values():
        for key, field in (("entrypoint", "command"), ("command", "args")):
            if any(value in word for word in part.data.get(field) or () for value in values):
                message = (
                    "holds a secret in plain, where everybody who sees the canvas reads it: take it from a variable"
                )
                work.findings.warn(_NOT, message, service=part.key, key=key)
