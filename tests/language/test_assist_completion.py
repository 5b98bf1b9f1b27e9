"""What is offered at a place of a text, and what becomes of the text when it is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.language.assisting import by_label, completed, completions, labels

SHOP = "connections:\n  shop:\n    type: sqlite\n    database: shop.db\n"
READ = f"flow: orders\n{SHOP}steps:\n  - task: ReadOrders\n    id: read\n    inputs:\n      path: a\n"


def test_an_empty_file_offers_the_keys_of_a_flow_and_what_must_be_there_first() -> None:
    found = labels("‸")
    assert found[:2] == ["flow", "steps"]
    assert "connections" in found


def test_keys_that_are_there_are_left_out_also_those_below() -> None:
    found = labels("flow: a\n‸\nsteps:\n  - exit\n")
    assert "flow" not in found
    assert "steps" not in found
    assert found[0] == "description"


def test_the_key_that_the_cursor_is_in_can_be_replaced() -> None:
    assert completed("flow: a\nst‸epz:\n  - exit\n", "steps") == "flow: a\nsteps‸:\n  - exit\n"


def test_a_key_that_takes_a_list_begins_it() -> None:
    assert completed("flow: a\nste‸", "steps") == "flow: a\nsteps:\n  - ‸"


def test_choices_and_flags_are_offered_as_values() -> None:
    assert labels("flow: a\nmode: ‸") == ["sequential", "dag"]
    assert labels("flow: a\nsilent: ‸") == ["true", "false"]


def test_the_keys_of_a_step_depend_on_its_kind() -> None:
    found = labels("flow: a\nsteps:\n  - for_each: [1]\n    ‸")
    assert found[:4] == ["do", "as", "concurrency", "collect"]
    assert "then" not in found
    assert "inputs" not in found


def test_a_step_offers_the_tasks_of_the_project_and_of_its_connections_with_their_arguments() -> None:
    found = by_label(completions(f"{READ}  - ‸"))
    assert "sqlite_query" in found
    assert "pg_query" not in found
    assert found["ReadOrders"].detail == "(path: string, limit?: integer, strict?: boolean)"
    assert completed(f"{READ}  - ‸", "SendMail") == (
        f"{READ}  - task: SendMail\n    id: send_mail\n    inputs:\n      to: ‸\n      text: "
    )
    assert completed(f"{READ}  - sq‸", "sqlite_query") == (f"{READ}  - sqlite_query:\n      id: query\n      query: ‸")


def test_ids_of_new_steps_are_new() -> None:
    text = "flow: a\nsteps:\n  - task: SendMail\n    id: send_mail\n  - ‸"
    assert "id: send_mail_2\n" in completed(text, "SendMail")


def test_a_step_in_a_line_without_a_dash_gets_one() -> None:
    assert completed("flow: a\nsteps:\n  ‸", "exit") == "flow: a\nsteps:\n  - exit‸"
    assert completed("flow: a\nsteps:\n  - exit\n  ‸", "exit") == "flow: a\nsteps:\n  - exit\n  - exit‸"


def test_a_connection_is_written_down_where_several_fit() -> None:
    text = READ.replace("steps:", "  other:\n    type: sqlite\n    database: b.db\nsteps:")
    assert completed(f"{text}  - ‸", "sqlite_query").endswith("id: query\n      connection: shop\n      query: ‸")


def test_kinds_of_steps_come_with_what_they_need() -> None:
    assert completed("flow: a\nsteps:\n  - ‸", "if").endswith("  - if: ‸\n    then:\n      - ")
    assert completed("flow: a\nsteps:\n  - ‸", "parallel").endswith("  - parallel:\n      - ‸")
    assert completed("flow: a\nsteps:\n  - ‸", "switch").endswith(
        "  - switch: ‸\n    cases:\n      - when: \n        do:\n          - "
    )


def test_the_name_of_a_task_brings_its_arguments() -> None:
    assert completed("flow: a\nsteps:\n  - task: Se‸", "SendMail").endswith(
        "  - task: SendMail\n    inputs:\n      to: ‸\n      text: "
    )
    assert completed("flow: a\nsteps:\n  - task: Se‸\n    inputs: {}", "SendMail").endswith(
        "  - task: SendMail‸\n    inputs: {}"
    )


@pytest.mark.parametrize(
    "form", ["  - task: ReadOrders\n    inputs:\n      path: a\n      ‸", "  - ReadOrders:\n      path: a\n      ‸"]
)
def test_arguments_of_the_task_are_offered_in_both_forms(form: str) -> None:
    found = labels(f"flow: a\nsteps:\n{form}")
    assert found[:2] == ["limit", "strict"]
    assert "path" not in found
    assert ("retry" in found) == ("task:" not in form)


def test_arguments_in_braces() -> None:
    text = "flow: a\nsteps:\n  - task: ReadOrders\n    inputs: {limit: 3, ‸}"
    assert labels(text) == ["path", "strict"]
    assert completed(text, "path").endswith("{limit: 3, path: ‸}")


def test_an_argument_that_is_true_or_false_says_what_it_is_without() -> None:
    found = by_label(completions("flow: a\nsteps:\n  - task: ReadOrders\n    inputs:\n      strict: ‸"))
    assert found["false"].detail == "default"
    assert found["true"].detail == ""


def test_connections_offer_types_and_what_the_plugin_takes() -> None:
    begin = "flow: a\nconnections:\n  db:\n"
    assert labels(f"{begin}    ‸") == ["type", "use"]
    assert {"sqlite", "postgresql", "redis"} <= set(labels(f"{begin}    type: ‸"))
    assert labels(f"{begin}    type: sqlite\n    ‸")[0] == "database"
    assert labels(f"{begin}    type: sqlite\n    isolation_level: ‸")[0] == "deferred"
    assert labels(f"{begin}    type: sqlite\n    foreign_keys: ‸") == ["true", "false"]


def test_a_new_connection_comes_with_what_its_type_needs() -> None:
    assert completed(f"flow: a\n{SHOP}  ‸", "sqlite") == (
        f"flow: a\n{SHOP}  sqlite:\n    type: sqlite\n    database: sqlite.db‸"
    )
    assert completed("flow: a\nconnections:\n  po‸", "postgres").endswith("    url: ${POSTGRES_URL}‸")
    assert labels("flow: a\nconnections: {db: {‸}}") == ["type", "use"]
    assert "postgres" in labels("flow: a\nconnections: {db: {type: ‸}}")


def test_only_connections_that_fit_the_task_are_offered() -> None:
    text = READ.replace("steps:", "  cache:\n    type: redis\n    url: redis://localhost\nsteps:")
    assert labels(f"{text}  - sqlite_query:\n      connection: ‸") == ["shop"]
    assert labels(f"{text}  - task: SendMail\n    connection: ‸") == ["shop", "cache"]


def test_subflows_and_their_inputs(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "invoice.yaml").write_text(
        "flow: invoice\ninputs:\n  - {name: copy, default: false, type: boolean}\n  - {name: order}\n"
        "  - {name: kind, enum: [new, old]}\nsteps: [exit]\noutputs:\n  - {name: number, value: 1}\n"
    )
    begin = "flow: a\nsteps:\n  - subflow: "
    assert labels(f"{begin}‸", tmp_path) == ["invoice"]
    assert labels(f"{begin}invoice\n    inputs:\n      ‸", tmp_path) == ["order", "kind", "copy"]
    assert labels(f"{begin}invoice\n    inputs:\n      kind: ‸", tmp_path)[:2] == ["new", "old"]
    called = f"{begin}invoice\n    id: made\n    inputs: {{order: 1, kind: new}}\n"
    assert "number" in labels(f"{called}  - if: ${{made.‸}}", tmp_path)


def test_results_can_be_promised_by_name() -> None:
    assert labels("flow: a\nsteps:\n  - task: ReadOrders\n    outputs: [‸]") == ["rows", "count"]


def test_maps_of_the_language_offer_their_keys() -> None:
    step = "flow: a\nsteps:\n  - task: ReadOrders\n    "
    assert labels(f"{step}retry:\n      ‸")[:2] == ["max_attempts", "delay"]
    assert labels(f"{step}retry: {{max_attempts: 2, delay: 3, ‸}}")[0] == "backoff"  # not its other name either
    assert labels(f"{step}retry: {{backoff: ‸}}") == ["fixed", "linear", "exponential"]
    assert labels("flow: a\nsteps:\n  - exit: {‸}") == ["reason", "outputs", "status"]
    assert labels("flow: a\nsteps:\n  - exit: {status: ‸}") == ["success", "failure"]
    assert labels("flow: a\nsteps:\n  - switch: 1\n    cases:\n      - ‸") == ["when", "default"]
    assert labels("flow: a\nsteps:\n  - if: true\n    elif:\n      - if: true\n        ‸") == ["then"]
    assert labels("flow: a\ninputs:\n  - name: x\n    type: ‸")[0] == "string"


def test_outputs_are_maps_or_names_of_steps() -> None:
    assert labels(f"{READ}outputs:\n  - ‸") == ["name", "read"]
    assert labels(f"{READ}outputs: [‸]") == ["read"]
    assert "${read}" in labels(f"{READ}outputs:\n  total: ‸")


def test_an_input_that_is_named_by_its_key_needs_no_name() -> None:
    assert labels("flow: a\ninputs:\n  file:\n    ‸")[0] == "type"


def test_values_offer_whole_expressions() -> None:
    text = f"{READ}  - task: SendMail\n    inputs:\n      to: ‸"
    assert completed(text, "${read}").endswith("to: ${read‸}")
    assert completed(text, "${inputs.…}").endswith("to: ${inputs.‸}")


def test_nothing_is_offered_in_comments_and_in_blocks_of_text() -> None:
    assert labels("flow: a  # st‸") == []
    assert labels(f"{READ}  - sqlite_query:\n      query: |\n        SELECT ‸") == []
    assert "read" in labels(f"{READ}  - sqlite_query:\n      query: |\n        SELECT ${{‸")


def test_an_earlier_analysis_serves_a_text_that_was_edited_since() -> None:
    earlier = f"{READ}  - task: SendMail\n    id: mail\n"
    now = earlier.replace(
        "  - task: SendMail", "  - task: ReadOrders\n    id: more\n    inputs:\n      path: ${‸\n  - task: SendMail"
    )
    found = labels(now, before=earlier)
    assert "read" in found
    assert "mail" not in found


def test_crlf_and_lists_at_the_margin_of_their_key() -> None:
    assert completed("flow: a\r\nsteps:\r\n- task: ReadOrders\r\n  out‸\r\n", "outputs") == (
        "flow: a\r\nsteps:\r\n- task: ReadOrders\r\n  outputs: ‸\r\n"
    )
    assert labels("flow: a\nsteps:\n- exit\n‸")[0] == "description"
