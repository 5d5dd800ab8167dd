"""The page Data by its requests: filters, table, sites, means; what the address holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.apps.web.pages.data_query import parse_filter, parse_order, parse_sites
from edgepair.apps.web.settings import Shown
from edgepair.conventions import BUNDLED_ABSORBERS
from edgepair.dataset import load_bundled, save_dataset


def text_of(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)


class Reader:
    """Reads the page Data as a person does."""

    def __init__(self, visitor: Any, name: str) -> None:
        self.visitor = visitor
        self.name = name

    def table(self, wanted: Any = None, *, by: str = "data-wanted.data", **more: Any) -> Any:
        columns = ("formula", "material_id", "oxidation_state", "coordination_number", "bond_length")
        columns += ("multiplicity", "origin", "gate")
        slots = ("elements", "oxidation_state", "coordination_number", "bond_length")
        values = {
            "data-wanted.data": wanted or {},
            "data-set.value": self.name,
            "data-head.aria-sort": [({"type": "data-head", "column": name}, "none") for name in columns],
            "data-slot.children": [({"type": "data-slot", "field": name}, None) for name in slots],
        }
        return self.visitor.call("data-rows.children", by, values | more)

    def sort(self, column: str, place: Any = None) -> Any:
        ident = {"type": "data-sort", "column": column}
        changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks"
        more = {"data-sort.n_clicks": [(ident, 1)], "changed": changed, "data-place.data": place}
        return self.table(by="data-sort.n_clicks", **more)

    def show(self, path: str, query: str = "") -> str:
        told = self.visitor.call(
            "page.children", "address.pathname", {"address.pathname": path, "address.search": query}
        )
        return text_of(told)


@pytest.fixture(scope="module")
def own(make_synthetic: Callable[..., xr.Dataset], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that whoever serves the page has named."""
    path = tmp_path_factory.mktemp("own") / "mine.zarr.zip"
    save_dataset(make_synthetic(), path)
    return path


@pytest.fixture
def reader(make_page: Any, visitor_of: Any, own: Path) -> Reader:
    """A visitor of a page with a dataset of sixty sites."""
    return Reader(visitor_of(make_page(shown=Shown.check(data=[own]))[0]), "mine.zarr.zip")


def formulas(told: Any) -> list[str]:
    rows = told["data-rows"]["children"]
    return [row["props"]["children"][0]["props"]["children"]["props"]["children"] for row in rows]


def test_the_table_is_paged_on_the_server(reader: Reader) -> None:
    told = reader.table()
    assert told["data-count"]["children"] == "60 sites, 50 materials, 40 formulas"
    assert len(formulas(told)) == 15
    assert told["data-where"]["children"] == "1 to 15 of 60"
    assert (told["data-previous"]["disabled"], told["data-next"]["disabled"]) == (True, False)
    last = reader.table(
        by="data-next.n_clicks", **{"data-next.n_clicks": 1, "data-place.data": {"page": "3"}}
    )
    assert last["data-where"]["children"] == "46 to 60 of 60"
    assert last["data-next"]["disabled"]
    # Beyond the end is the end.
    assert reader.table(
        by="data-next.n_clicks", **{"data-next.n_clicks": 1, "data-place.data": {"page": "99"}}
    )["data-where"]["children"].startswith("46")


def test_filters_count_what_the_data_hold(reader: Reader, own: Path) -> None:
    from edgepair.dataset import open_dataset

    data = open_dataset(own)
    state, length = data["oxidation_state"].values, data["bond_length"].values
    told = reader.table({"oxidation_state": "3", "bond_length": "2.0.."})
    expected = int(((state == 3) & (length >= 2.0)).sum())
    assert told["data-count"]["children"].startswith(f"{expected} sites")


@pytest.mark.parametrize("absorber", BUNDLED_ABSORBERS)
def test_bundled_sites_are_found_by_formula_class_and_range(
    visitor: Any, absorber: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page counts is what the dataset holds, and every class can be chosen."""
    data = load_bundled(absorber)
    # Opened here already; the page opens it by the same function.
    monkeypatch.setattr("edgepair.dataset.load_bundled", lambda name: data)
    reader = Reader(visitor, absorber)

    def count(**wanted: str) -> int:
        told = reader.table(wanted)["data-count"]["children"]
        return int(told.split()[0].replace(",", "")) if told[0].isdigit() else 0

    where = data["material_index"].values
    named = data["formula"].values.astype(str)
    formula = named[where[len(where) // 2]]
    holds = np.array([formula.lower() in name.lower() for name in named])
    assert count(text=formula.lower()) == holds[where].sum() > 0
    ident = str(data["material_id"].values[where[0]])
    told = reader.table({"text": ident})
    assert text_of(told["data-rows"]).count(f'"{ident}"') >= 1
    form = reader.show("/data", f"?set={absorber}")
    for task in ("oxidation_state", "coordination_number"):
        labels = data[task].values
        classes, counts = np.unique(labels[~np.isnan(labels)], return_counts=True)
        for value, sites in zip(classes, counts, strict=True):
            assert f'"value": "{value:g}"' in form
            assert count(**{task: f"{value:g}"}) == sites
    low, high = np.nanpercentile(data["bond_length"].values, [25, 75]).round(2)
    inside = (data["bond_length"].values >= low) & (data["bond_length"].values <= high)
    assert count(bond_length=f"{low}..{high}") == inside.sum() > 0


def test_another_filter_begins_at_the_first_page(reader: Reader) -> None:
    told = reader.table({"oxidation_state": "2"}, **{"data-place.data": {"page": "3"}})
    assert told["data-where"]["children"].startswith("1 to 15")


def test_a_heading_sorts_and_sorts_back(reader: Reader) -> None:
    told = reader.sort("bond_length")
    assert told["data-place"]["data"]["sort"] == "bond_length"
    back = reader.sort("bond_length", told["data-place"]["data"])
    assert back["data-place"]["data"]["sort"] == "-bond_length"
    words = {key: value["aria-sort"] for key, value in back.items() if "data-head" in key}
    assert [word for key, word in words.items() if "bond_length" in key] == ["descending"]
    assert formulas(told) != formulas(back)


@pytest.mark.parametrize(
    ("wanted", "field", "word"),
    [
        ({"elements": "Li, Xx"}, "elements", "'Xx'"),
        ({"bond_length": "2.1..1.9"}, "bond_length", "from 2.1 to 1.9"),
        ({"bond_length": "long..2"}, "bond_length", "'long'"),
        ({"oxidation_state": "3,__class__"}, "oxidation_state", "'__class__'"),
    ],
)
def test_errors_stand_beside_their_fields(reader: Reader, wanted: Any, field: str, word: str) -> None:
    told = reader.table(wanted)
    slots = {json.loads(key)["field"]: text_of(value) for key, value in told.items() if "data-slot" in key}
    assert word in slots.pop(field)
    assert all("notice" not in text for text in slots.values())
    shown = text_of(told)
    assert all(part in shown for part in ("Found", "Needed", "Try"))


def test_sites_are_drawn_and_named(reader: Reader) -> None:
    told = reader.visitor.call(
        "data-curves.children", "data-sites.data", {"data-sites.data": [0, 7], "data-set.value": reader.name}
    )
    text = text_of(told)
    assert text.count('"type": "Graph"') == 4  # mu and three PDFs
    for part in ("mean bond length", "oxidation state", "XANES", "dPDF", "energy E (eV)", "distance r (Å)"):
        assert part in text, part


def test_rows_of_another_dataset_are_passed_over(reader: Reader) -> None:
    told = reader.visitor.call(
        "data-curves.children",
        "data-sites.data",
        {"data-sites.data": [999999], "data-set.value": reader.name},
    )
    assert "Choose a formula" in text_of(told)


def test_means_follow_the_filters(reader: Reader) -> None:
    values = {"data-by.value": "oxidation_state", "data-set.value": reader.name}
    told = text_of(reader.visitor.call("data-means.children", "data-wanted.data", values))
    assert "OS 2 (30)" in told
    values["data-wanted.data"] = {"oxidation_state": "2"}
    told = text_of(reader.visitor.call("data-means.children", "data-wanted.data", values))
    assert "OS 3" not in told
    values["data-wanted.data"] = {"text": "no such formula"}
    told = text_of(reader.visitor.call("data-means.children", "data-wanted.data", values))
    assert "no site with that label" in told


def choose(reader: Reader, what: str, site: int, now: list[int]) -> Any:
    ident = {"type": f"data-{what}", "site": site}
    changed = json.dumps(ident, sort_keys=True, separators=(",", ":")) + ".n_clicks"
    values = {f"data-{what}.n_clicks": [(ident, 1)], "data-sites.data": now, "changed": changed}
    return reader.visitor.call("data-sites.data", f"data-{what}.n_clicks", values)["data-sites"]["data"]


def test_sites_are_chosen_alone_and_compared(reader: Reader) -> None:
    assert choose(reader, "only", 5, [1, 2]) == [5]
    assert choose(reader, "compare", 5, [1, 2]) == [1, 2, 5]
    assert choose(reader, "compare", 2, [1, 2]) == [1]
    assert choose(reader, "drop", 1, [1, 2]) == [2]
    assert choose(reader, "compare", 9, [1, 2, 3, 4, 5, 6]) == [1, 2, 3, 4, 5, 6]


def test_the_address_holds_the_view(reader: Reader) -> None:
    told = reader.visitor.call(
        "view.data",
        "data-wanted.data",
        {
            "data-wanted.data": {"elements": "Li", "nonsense": "1"},
            "data-place.data": {"sort": "-bond_length", "page": "2"},
            "data-sites.data": [3, 4],
            "data-by.value": "bond_length",
            "data-set.value": reader.name,
        },
    )
    view = told["view"]["data"]
    assert view == {
        "set": reader.name,
        "elements": "Li",
        "sort": "-bond_length",
        "page": "2",
        "sites": "3,4",
        "by": "bond_length",
    }
    # The way back to the page, without an address, leads to the same view.
    again = reader.show("/data")
    assert '"data": [3, 4]' in again
    assert '"elements": "Li"' in again


def test_an_address_that_somebody_wrote(reader: Reader) -> None:
    odd = "?set=mine.zarr.zip&sites=1,x,-3,99999999999,2&sort=__class__&page=-1&bond_length=1e999..&by=colour"
    text = reader.show("/data", odd)
    assert '"data": [1, 2]' in text
    told = reader.table(
        {"bond_length": "1e999.."}, **{"data-place.data": {"page": "-1", "sort": "__class__"}}
    )
    assert told["data-where"]["children"].startswith("1 to 15")


def test_a_dataset_that_is_not_shown_is_refused(reader: Reader) -> None:
    text = reader.show("/data", "?set=/etc/passwd")
    assert "cannot show the dataset" in text
    assert "mine.zarr.zip" in text


def test_a_damaged_dataset_is_named_as_visitors_know_it(
    make_page: Any, visitor_of: Any, tmp_path: Path
) -> None:
    path = tmp_path / "broken.zarr.zip"
    path.write_bytes(b"PK\x03\x04 no")
    reader = Reader(visitor_of(make_page(shown=Shown.check(data=[path]))[0]), path.name)
    text = reader.show("/data")
    assert "cannot open the dataset 'broken.zarr.zip'" in text
    assert str(tmp_path) not in text


def test_the_largest_bundled_set_stays_small_on_the_page(visitor: Any) -> None:
    reader = Reader(visitor, "Cu")
    told = reader.table()
    sites = load_bundled("Cu").sizes["site"]
    assert told["data-count"]["children"].startswith(f"{sites:,} sites")
    assert len(text_of(told)) < 40_000
    assert len(formulas(told)) == 15


def test_filters_are_read_from_text() -> None:
    wanted, errors = parse_filter({"elements": "Li+P, O", "oxidation_state": "2,2.5", "bond_length": "..2"})
    assert wanted["elements"] == ("Li", "P", "O")
    assert wanted["values"] == {"oxidation_state": (2.0, 2.5)}
    assert wanted["ranges"] == {"bond_length": (-np.inf, 2.0)}
    assert errors == {}
    assert parse_sites("") == []
    assert parse_order("", ["formula"]) == ("", False)


def test_a_visit_to_data(browser: Any, served: str) -> None:
    from selenium.webdriver.common.keys import Keys

    sites = f"{load_bundled('Fe').sizes['site']} sites"
    browser.driver.get(served + "data?set=Fe")
    browser.see("#data-count", text=sites)
    browser.see("#data-elements").send_keys("Li, P")
    browser.see("#data-count", text="1 formula")
    only = browser.see("#data-rows .link")
    only.send_keys(Keys.ENTER)
    browser.see("#data-curves .js-plotly-plot")
    browser.see("#data-elements").send_keys(", Qq")
    browser.see(".controls .notice", text="'Qq'")
    browser.see("#data-clear").click()
    browser.see("#data-count", text=sites)
    browser.see("#data-rows button.small", text="+ add").click()
    browser.see("#data-curves thead th:nth-child(3)")
    address = browser.driver.current_url
    assert "sites=" in address
    assert len(address.split("sites=")[1].split("&")[0].split("%2C")) == 2
    # The address leads back to the same view.
    browser.driver.get("about:blank")
    browser.driver.get(address)
    browser.see("#data-curves .js-plotly-plot")
    browser.see("#data-rows tr.here")
    browser.driver.set_window_size(820, 1180)
    browser.see("#data-rows tr.here")
    browser.fits()
    assert browser.complaints() == []
