"""What is unfolded of a graph, in which form, and how to walk through it."""

from __future__ import annotations

from flowlang_tui.graph import Picture, neighbour
from flowlang_tui.graph.moves import first, last
from tests.tui.graph_flows import flow, graph_from


def picture(name: str, width: int = 80) -> Picture:
    shown = Picture()
    shown.show(flow(name))
    shown.draw(width)
    return shown


def steps(count: int) -> str:
    return "flow: F\nsteps:\n" + "".join(f"  - Log: {{id: s{number}}}\n" for number in range(count))


def test_a_hundred_steps_are_boxes_and_more_a_rail() -> None:
    shown = Picture()
    shown.show(graph_from(steps(100)))
    shown.draw(80)
    assert not shown.drawing.is_rail
    shown.show(graph_from(steps(101)))
    shown.draw(80)
    assert shown.drawing.is_rail


def test_a_narrow_space_gets_a_rail() -> None:
    assert picture("linear", 39).drawing.is_rail
    assert not picture("linear", 40).drawing.is_rail


def test_somebody_may_decide_for_one_of_them() -> None:
    shown = picture("linear")
    forms = []
    for _ in range(3):
        shown.next_form()
        shown.draw(80)
        forms.append((shown.form, shown.drawing.is_rail))
    assert forms == [("boxes", False), ("rail", True), ("auto", False)]


def test_the_same_picture_is_not_drawn_twice() -> None:
    shown = picture("dag")
    assert not shown.draw(80)
    assert shown.draw(81)


def test_a_step_that_is_collapsed_away_is_seen_as_the_one_around_it() -> None:
    shown = picture("nested_loops")
    shown.toggle("shops")
    shown.draw(80)
    assert shown.seen("ship") == "shops"
    assert shown.seen("sum") == "sum"
    assert shown.seen("nobody") is None


def test_what_was_collapsed_stays_so_when_the_text_changes() -> None:
    shown = picture("nested_loops")
    shown.toggle("shops")
    shown.show(flow("nested_loops"))
    shown.draw(80)
    assert shown.drawing.boxes.keys() == {"shops", "sum"}
    shown.expand_all()
    shown.draw(80)
    assert "ship" in shown.drawing.boxes


def test_all_can_be_collapsed_at_once() -> None:
    shown = picture("if_elif_else")
    shown.collapse_all()
    shown.draw(80)
    assert list(shown.drawing.boxes) == ["load", "size", "any_bad", "done"]


def test_there_is_nothing_to_collapse_in_a_task() -> None:
    assert not picture("linear").toggle("fetch")


def test_an_unfolded_subflow_stays_when_the_text_changes_and_goes_with_its_step() -> None:
    shown = picture("subflow")
    assert shown.calls("settled")
    assert shown.nest("settled", flow("subflow_settle"))
    assert not shown.calls("settled")
    shown.show(flow("subflow"))
    shown.draw(80)
    assert "settled/ask" in shown.drawing.boxes
    shown.show(flow("linear"))
    shown.draw(80)
    assert list(shown.drawing.boxes) == ["fetch", "clean", "store"]


def test_only_a_step_that_calls_a_flow_takes_one() -> None:
    shown = picture("subflow")
    assert not shown.nest("load", flow("linear"))
    assert not shown.nest("nobody", flow("linear"))


def test_the_step_of_a_run_is_found_or_the_one_that_calls_it() -> None:
    shown = picture("subflow")
    assert shown.node_of("settled", 4) == "settled"
    assert shown.node_of("settled/each/pay", 9) == "settled"
    shown.nest("settled", flow("subflow_settle"))
    assert shown.node_of("settled/each/pay", 9) == "settled/pay"
    assert shown.node_of("nobody", 1) is None


def test_a_step_knows_what_it_takes_and_who_takes_of_it() -> None:
    shown = picture("dag")
    assert shown.relations("join") == {"users": "gives rows", "orders": "gives rows", "ship": "takes rows"}
    assert shown.relations("close") == {"ship": "goes before", "mail": "goes before"}
    assert shown.relations(None) == {}


def test_arrow_keys_go_to_the_nearest_box() -> None:
    drawing = picture("if_elif_else").drawing
    assert neighbour(drawing, None, "down") == "load"
    assert neighbour(drawing, "load", "down") == "size"
    assert neighbour(drawing, "size", "down") == "stop"
    assert neighbour(drawing, "stop", "left") == "split"
    assert neighbour(drawing, "stop", "right") == "send_all"
    assert neighbour(drawing, "send_all", "right") == "send_all"
    assert neighbour(drawing, "split", "down") == "send_parts"
    assert neighbour(drawing, "send_all", "up") == "size"
    assert (first(drawing), last(drawing)) == ("load", "done")


def test_on_a_rail_left_goes_out_and_right_goes_in() -> None:
    drawing = picture("nested_loops", 30).drawing
    assert neighbour(drawing, "shops", "right") == "orders"
    assert neighbour(drawing, "ship", "left") == "is_open"
    assert neighbour(drawing, "ship", "down") == "leave"
    assert neighbour(drawing, "ship", "right") == "ship"
    assert neighbour(drawing, "shops", "up") == "shops"


def test_every_box_can_be_reached_with_arrow_keys() -> None:
    for name in ("if_elif_else", "nested_loops", "dag", "switch", "handlers", "parallel"):
        drawing = picture(name).drawing
        reached, pending = set[str](), [first(drawing)]
        while pending:
            node = pending.pop()
            if node is not None and node not in reached:
                reached.add(node)
                pending += [neighbour(drawing, node, way) for way in ("up", "down", "left", "right")]
        assert reached == drawing.boxes.keys(), name


def test_a_cell_belongs_to_the_box_that_is_there() -> None:
    drawing = picture("nested_loops").drawing
    box = drawing.boxes["orders"]
    assert drawing.node_at(box.x, box.y) == "orders"
    assert drawing.node_at(box.right, box.bottom) == "orders"
    assert drawing.node_at(0, 10_000) is None
