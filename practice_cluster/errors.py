"""Answers that say no, as the API server writes them. Raised anywhere below `server`, which sends them."""

from collections.abc import Sequence

from practice_cluster.objects import Obj


class ApiError(Exception):
    """A `Status` with its code."""

    def __init__(self, code: int, reason: str, message: str, details: Obj | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.details = code, reason, details or {}

    @property
    def body(self) -> Obj:
        """The `Status` object."""
        about = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": self.code}
        return about | {"message": str(self), "reason": self.reason, "details": self.details}


def _about(resource: str, name: str) -> Obj:
    plural, _, group = resource.partition(".")
    return {"name": name, "group": group, "kind": plural}


def not_found(resource: str, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', _about(resource, name))


def already_exists(resource: str, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{resource} "{name}" already exists', _about(resource, name))


def conflict(resource: str, name: str, why: str) -> ApiError:
    text = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ApiError(409, "Conflict", text, _about(resource, name))


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def forbidden(resource: str, name: str, why: str) -> ApiError:
    return ApiError(403, "Forbidden", f'{resource} "{name}" is forbidden: {why}', _about(resource, name))


def expired(asked: int, oldest: int) -> ApiError:
    return ApiError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def invalid(resource: str, kind: str, name: str, causes: Sequence[Obj]) -> ApiError:
    """Args: causes: field, reason and message of each."""
    group = resource.partition(".")[2]
    said = ", ".join(f"{each['field']}: {each['message']}" for each in causes)
    text = f'{kind}{"." + group if group else ""} "{name}" is invalid: ' + (f"[{said}]" if len(causes) > 1 else said)
    return ApiError(422, "Invalid", text, {"name": name, "group": group, "kind": kind, "causes": list(causes)})
