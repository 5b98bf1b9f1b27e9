"""The reviews do what their README says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.samples.projects import Project

RATINGS = [
    {"_id": "Middlemarch", "likes": 2, "reviews": 2, "stars": 4.5},
    {"_id": "Dune", "likes": 0, "reviews": 1, "stars": 4},
]


@pytest.fixture
def project(tmp_path: Path, mongodb_database: str) -> Project:
    return Project("reviews_mongodb", tmp_path, LIBRARY_URL=mongodb_database)


def stored(url: str, collection: str) -> list[dict[str, Any]]:
    client: MongoClient[dict[str, Any]]
    with MongoClient(url) as client:
        return list(client.get_default_database()[collection].find(sort=[("_id", 1)]))


def write_events(project: Project, *events: dict[str, Any]) -> None:
    (project.folder / "events.json").write_text(json.dumps(events), encoding="utf-8")


def posted(review: str, **changes: Any) -> dict[str, Any]:
    event = {"kind": "posted", "review": review, "book": "Emma", "reader": "lea", "stars": 3, "text": "Fine."}
    return {**event, **changes}


def test_the_flow_is_without_problems(project: Project) -> None:
    assert project.problems() == []


def test_the_readme_shows_what_one_sees(project: Project) -> None:
    done = project.command("run", ".", "--output", "text")
    assert done.stdout.endswith(project.shown("ratings:"))


async def test_the_ratings_are_those_of_the_visible_reviews(project: Project) -> None:
    result = await project.run()
    assert result["ratings"] == RATINGS
    assert result["hidden"] == 2


async def test_a_second_run_changes_nothing(project: Project, mongodb_database: str) -> None:
    first = await project.run()
    reviews, ratings = stored(mongodb_database, "reviews"), stored(mongodb_database, "ratings")
    second = await project.run()
    assert second.outputs == first.outputs
    assert (stored(mongodb_database, "reviews"), stored(mongodb_database, "ratings")) == (reviews, ratings)


async def test_an_edit_changes_the_review_and_the_rating(project: Project, mongodb_database: str) -> None:
    write_events(project, posted("r-9"), {"kind": "edited", "review": "r-9", "stars": 1, "text": "Less fine."})
    result = await project.run()
    assert result["ratings"] == [{"_id": "Emma", "likes": 0, "reviews": 1, "stars": 1}]
    assert stored(mongodb_database, "reviews")[0]["text"] == "Less fine."


async def test_a_book_without_visible_reviews_has_no_rating(project: Project) -> None:
    write_events(project, posted("r-9"))
    assert len((await project.run())["ratings"]) == 1
    write_events(project, {"kind": "withdrawn", "review": "r-9"})
    assert (await project.run())["ratings"] == []


async def test_an_operator_in_the_place_of_an_id_never_reaches_the_database(
    project: Project, mongodb_database: str
) -> None:
    write_events(project, posted("r-1"), posted("r-2"), {"kind": "withdrawn", "review": {"$ne": ""}})
    result = await project.run()
    assert result["rejected"] == ["event 3: `review` must be text"]
    assert [review["visible"] for review in stored(mongodb_database, "reviews")] == [True, True]


async def test_an_unknown_kind_is_told_and_passed_over(project: Project) -> None:
    result, events = await project.attempt()
    assert result.success
    assert [event["message"] for event in events if event["type"] == "log"] == [
        'nobody knows what to do with "translated"'
    ]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (posted("r-1", stars=0), "0 stars are not between 1 and 5"),
        (posted("r-1", book=None), "`book` must be text"),
        ({"kind": "edited", "review": "r-1", "stars": 3}, "`text` is missing"),
        ({"kind": "liked", "review": "r-1", "reader": ["lea"]}, "`reader` must be text"),
    ],
)
async def test_an_event_that_makes_no_sense_is_put_aside(project: Project, event: dict[str, Any], problem: str) -> None:
    write_events(project, event)
    assert (await project.run())["rejected"] == [f"event 1: {problem}"]


async def test_a_run_that_fails_in_the_middle_is_made_good_by_the_next(project: Project) -> None:
    project.edit("flow.yaml", "$addToSet", "$adToSet")
    result, _ = await project.attempt()
    assert result.error is not None
    assert "$adToSet" in str(result.error)
    project.edit("flow.yaml", "$adToSet", "$addToSet")
    assert (await project.run())["ratings"] == RATINGS
