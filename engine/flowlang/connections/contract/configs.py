"""Configurations that fit, and such that don't."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from flowlang.connections.config import check_config
from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import Subject
from flowlang.connections.contract.traces import Traces
from flowlang.connections.manager import ConnectionSpec, prepared
from flowlang.errors import ConfigurationError

_MISFITS: Final[dict[str, Any]] = {
    "string": ["a list"],
    "integer": "many",
    "number": "many",
    "boolean": "perhaps",
    "object": "text",
    "array": "text",
}


@check("a configuration that fits is taken")
def a_fitting_config_is_taken(subject: Subject) -> None:
    complete, problems = check_config(subject.schema, subject.config)
    require(not problems, f"refused: {'; '.join(problem.message for problem in problems)}")
    for key, declared in subject.properties.items():
        require("default" not in declared or key in complete, f"the default of `{key}` is not filled in")


@check("an unknown key is refused")
def unknown_keys_are_refused(subject: Subject) -> None:
    problems = check_config(subject.schema, {**subject.config, "no_such_key": 1})[1]
    require(
        any(problem.code == "unknown-key" for problem in problems),
        "`additionalProperties` lets misspelt keys through; leave it out",
    )


@check("each required key is missed")
def required_keys_are_missed(subject: Subject) -> None:
    required = list(subject.schema.get("required", ()))
    if not required:
        raise NotApplicable("nothing is required")
    for key in required:
        rest = {name: value for name, value in subject.config.items() if name != key}
        problems = check_config(subject.schema, rest)[1]
        require(any(problem.key == key for problem in problems), f"nobody misses `{key}`")


@check("a value of the wrong type is refused for each key")
def wrong_types_are_refused(subject: Subject) -> None:
    for key, declared in subject.properties.items():
        misfit = _MISFITS.get(str(declared.get("type")))
        if misfit is not None and not isinstance(declared.get("type"), list):
            problems = check_config(subject.schema, {**subject.config, key: misfit})[1]
            require(any(problem.key == key for problem in problems), f"`{key}` takes {misfit!r}")


@check("validate_config says whether and why")
def validating_gives_a_pair(subject: Subject) -> None:
    complete, problems = check_config(subject.schema, subject.candidate)
    if problems:
        raise NotApplicable("no configuration that fits the schema could be made up")
    verdict = subject.fresh().validate_config(dict(complete))
    require(isinstance(verdict, tuple) and len(verdict) == 2, "validate_config must give (bool, str or None)")
    fits, why = verdict
    require(isinstance(fits, bool), "validate_config must give (bool, str or None)")
    require(fits or (isinstance(why, str) and why), "validate_config refuses without saying why")


@check("validate_config answers to any configuration that fits the schema")
def validating_never_breaks(subject: Subject) -> None:
    complete = check_config(subject.schema, subject.config)[0]
    texts = [key for key, declared in subject.properties.items() if declared.get("type") == "string"]
    for key in texts:
        for odd in ("", " ", "\0", "%zz", "://", "é" * 300):
            config = {**complete, key: odd}
            if check_config(subject.schema, config)[1]:
                continue
            try:
                fits, why = subject.fresh().validate_config(config)
            # it may raise anything, which is what this is about
            except Exception as error:
                raise Violation(
                    f"validate_config raises {type(error).__name__} for {key}={odd!r}; it must give (False, why)"
                ) from error
            require(fits or (isinstance(why, str) and why), f"validate_config refuses {key}={odd!r} without saying why")


@check("validating changes nothing and opens nothing")
def validating_is_harmless(subject: Subject) -> None:
    config = check_config(subject.schema, subject.config)[0]
    before, traces = deepcopy(config), Traces()
    plugin = subject.fresh()
    plugin.validate_config(config)
    require(config == before, "validate_config changes the configuration that it is given")
    grown = traces.grown()
    require(not grown, f"validate_config leaves {grown}")


@check("normalise_config leaves its argument alone, and does nothing twice")
def normalising_is_stable(subject: Subject) -> None:
    config = check_config(subject.schema, subject.config)[0]
    before = deepcopy(config)
    plugin = subject.fresh()
    once = plugin.normalise_config(config)
    require(config == before, "normalise_config changes the configuration that it is given")
    require(plugin.normalise_config(dict(once)) == once, "normalise_config of its own result gives another one")


@check("shareable is true or false")
def shareable_is_a_flag(subject: Subject) -> None:
    config = subject.fresh().normalise_config(check_config(subject.schema, subject.config)[0])
    require(isinstance(subject.fresh().shareable(config), bool), "shareable must give True or False")


@check("a configuration that is refused is refused before anything is opened")
def refusals_come_early(subject: Subject) -> None:
    traces = Traces()
    try:
        prepared(ConnectionSpec("sample", subject.name, subject.plugin, {"no_such_key": 1}))
    except ConfigurationError as error:
        require("no_such_key" in str(error), f"the refusal doesn't name the key: {error}")
    else:
        raise Violation("a configuration with an unknown key is taken")
    grown = traces.grown()
    require(not grown, f"refusing a configuration leaves {grown}")


@check("where a configuration leads is known without opening anything")
def addresses_are_known(subject: Subject) -> None:
    config = subject.fresh().normalise_config(check_config(subject.schema, subject.config)[0])
    traces = Traces()
    addresses = subject.fresh().addresses(config)
    require(isinstance(list(addresses), list), "addresses must give a list")
    grown = traces.grown()
    require(not grown, f"addresses leaves {grown}")
