"""What a client sends: bounded, JSON, and a map of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import JSONDecodeError, loads
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from starlette.requests import Request

#: The largest body that is read, in bytes.
MAX_BYTES: Final = 10_000_000


class BadRequest(Exception):
    """A request that is answered with a status and the problems that it has."""

    def __init__(self, status: int, problems: Sequence[str], **more: Any) -> None:
        super().__init__("; ".join(problems))
        self.status = status
        self.told: dict[str, Any] = {"detail": str(self), "problems": list(problems), **more}


async def read_body(request: Request) -> bytes:
    """The body of a request. Raises BadRequest with 413 for one that is too large, as soon as that is known."""
    too_large = BadRequest(413, [f"the body has more than {MAX_BYTES // 1_000_000} MB"])
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > MAX_BYTES:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise too_large
        parts.append(part)
    return b"".join(parts)


async def read_inputs(request: Request) -> Mapping[str, Any]:
    """The inputs that a request has for a flow: `{"inputs": {…}}`; none without a body."""
    body = await read_body(request)
    return inputs_in(body) if body else {}


def inputs_in(text: bytes | str) -> Mapping[str, Any]:
    """The inputs in a body or a message. Raises BadRequest for what has none."""
    given = parsed(text)
    if not isinstance(given, dict):
        raise BadRequest(422, ["the body is a JSON object with `inputs`"])
    unknown = [key for key in given if key != "inputs"]
    if unknown:
        raise BadRequest(
            422, [f"there is no key `{key}` in the body; the inputs are under `inputs`" for key in unknown]
        )
    inputs = given.get("inputs")
    if inputs is None:
        return {}
    if not isinstance(inputs, dict):
        raise BadRequest(422, ["`inputs` is a JSON object"])
    return inputs


def parsed(text: bytes | str) -> Any:
    """JSON as data. Raises BadRequest with 400 for what is none."""
    try:
        return loads(text, parse_constant=_no_json)
    except JSONDecodeError as error:
        raise BadRequest(400, [f"the body is no JSON: {error.msg} in line {error.lineno}"]) from error
    except UnicodeDecodeError as error:
        raise BadRequest(400, ["the body is no UTF-8"]) from error
    except RecursionError as error:
        raise BadRequest(400, ["the body nests too deep"]) from error
    except ValueError as error:
        # all that is left to the decoder: a whole number with more digits than Python reads
        raise BadRequest(400, ["the body has a number with too many digits"]) from error


def _no_json(constant: str) -> NoReturn:
    raise BadRequest(400, [f"the body is no JSON: there is no number {constant}"])
