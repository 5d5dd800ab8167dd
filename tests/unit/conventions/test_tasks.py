"""Tasks: what can be asked for."""

from __future__ import annotations

import pytest

from edgepair.conventions import TASKS, OptionError, parse_tasks


def test_all_tasks_by_default_in_the_order_of_the_table() -> None:
    assert [task.name for task in parse_tasks(None)] == [
        "oxidation_state",
        "coordination_number",
        "bond_length",
    ]


def test_order_and_repeats_do_not_matter() -> None:
    names = [task.name for task in parse_tasks(["bond_length", "oxidation_state", "bond_length"])]
    assert names == ["oxidation_state", "bond_length"]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("bond_lenght", "did you mean 'bond_length'?"),
        ("Oxidation_State", "did you mean 'oxidation_state'?"),
        ("spin", "use one of: oxidation_state, coordination_number, bond_length"),
    ],
)
def test_unknown_task_suggests_a_near_one(name: str, suggestion: str) -> None:
    with pytest.raises(OptionError, match="task") as caught:
        parse_tasks(["bond_length", name])
    assert caught.value.found == f"task {name!r}"
    assert caught.value.suggestion == suggestion


def test_findings_are_stated_in_f1_for_classes_and_r2_for_numbers() -> None:
    metrics = {name: (task.kind, task.main_metric) for name, task in TASKS.items()}
    assert metrics == {
        "oxidation_state": ("classification", "f1_weighted"),
        "coordination_number": ("classification", "f1_weighted"),
        "bond_length": ("regression", "r2"),
    }
