"""The plugin where its packages are not installed: in a process of its own in which they can't be imported."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from json import dumps, loads
from pathlib import Path
from typing import Any, Final

from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import Subject

_SECONDS: Final = 30.0

#: What the other process does; it reads its orders from stdin and writes what it found to stdout.
_PROGRAM: Final = """
import asyncio, importlib, json, pathlib, sys
orders = json.load(sys.stdin)
sys.path[:] = orders["path"]

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in orders["absent"]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
if orders["folder"] is not None:
    from flowlang.connections.source_modules import import_folder
    import_folder(pathlib.Path(orders["folder"]), orders["package"])
found = importlib.import_module(orders["module"])
for part in orders["name"].split("."):
    found = getattr(found, part)
plugin = found()
plugin.get_config_schema(), plugin.get_builtin_tasks(), plugin.get_info(), plugin.scaffold_connection_config()
told = {"asked": True, "kind": None, "text": ""}

async def connect():
    try:
        await asyncio.wait_for(plugin.connect(orders["config"]), 10)
    # whatever it raises is told
    except Exception as error:
        told.update(kind=[one.__name__ for one in type(error).__mro__], text=f"{error} {getattr(error, 'hint', '')}")
    await plugin.disconnect()

if orders["config"] is not None:
    asyncio.run(connect())
print("\\n" + json.dumps(told))
"""


@check("everything but connecting works without the driver")
async def asking_needs_no_driver(subject: Subject) -> None:
    await _without_driver(subject, None)


@check("without the driver connecting says what is missing")
async def connecting_says_what_is_missing(subject: Subject) -> None:
    needed = _distributions(subject)
    if not needed:
        raise NotApplicable("the plugin needs no packages")
    told = await _without_driver(subject, subject.config)
    kinds = told["kind"]
    if kinds is None:
        raise NotApplicable("connecting needs none of the packages")
    require(
        {"ImportError", "ConnectionError"} & set(kinds),
        f"connect raises {kinds[0]}: {told['text']}; raise ImportError or ConnectionError",
    )
    text = told["text"].lower()
    require(
        any(name in text or module.lower() in text for name, module in needed),
        f"the error doesn't name what is missing: {told['text']}",
    )


async def _without_driver(subject: Subject, config: dict[str, Any] | None) -> dict[str, Any]:
    """What a process in which the packages can't be imported tells."""
    kind = subject.plugin
    if "<locals>" in kind.__qualname__ or kind.__module__ == "__main__" or kind.__module__ not in sys.modules:
        raise NotApplicable("the class cannot be imported by name")
    folder, package = _folder_of(kind.__module__)
    orders = {
        "path": sys.path,
        "absent": sorted({module for _, module in _distributions(subject)}),
        "folder": folder,
        "package": package,
        "module": kind.__module__,
        "name": kind.__qualname__,
        "config": config,
    }
    # the configuration may hold secrets, which have no place among a process's arguments
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, complaint = await asyncio.wait_for(process.communicate(dumps(orders).encode()), _SECONDS)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Violation(f"without the driver the plugin takes longer than {_SECONDS:g} s") from error
    if process.returncode:
        last = complaint.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise Violation(f"without the driver: {last[0]}; import it in `connect`, not at the top of the module")
    told: dict[str, Any] = loads(out.decode().splitlines()[-1])
    return told


def _folder_of(module: str) -> tuple[str | None, str | None]:
    """Where a plugin of a project was loaded from, and under which name; for any other plugin nothing."""
    package = ".".join(module.split(".")[:3])
    loaded = sys.modules.get(package)
    if "__" not in package.rpartition(".")[2] or loaded is None or not loaded.__file__:
        return None, None
    return str(Path(loaded.__file__).parent), package


def _distributions(subject: Subject) -> list[tuple[str, str]]:
    """Each distribution that the plugin needs, with each module that it brings."""
    return [pair for requirement in subject.plugin().get_dependencies() for pair in _modules_of(requirement)]


def _modules_of(requirement: str) -> Iterator[tuple[str, str]]:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    name = _normal(found[0] if found else requirement)
    modules = [module for module, names in packages_distributions().items() if name in map(_normal, names)]
    for module in modules or [name.replace("-", "_")]:
        yield name, module


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
