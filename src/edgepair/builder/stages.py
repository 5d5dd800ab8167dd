"""The stages of a build: preparing, comparing, labelling and simulating, all by way of the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, repeat
from statistics import median
from typing import Self, TypeVar

from edgepair.builder import work
from edgepair.builder.records import INFERRED, BuildProgress, Item, digest, site_key
from edgepair.builder.result_store import ResultStore
from edgepair.conventions import OutputError
from edgepair.conventions.displayed import Record
from edgepair.engine import Call, Outcome, Processes, default_workers, open_processes, shared_sandbox
from edgepair.engine.own_process import run_here
from edgepair.files.caching import installed_version
from edgepair.simulation import IDEAL_R_LAST, IDEAL_R_STEP, IDEAL_U_ISO, SiteSimulator
from edgepair.structures import SYMMETRY_TOLERANCE, SourceMaterial, are_identical, may_be_identical

QUICK = 3.0
"""CPU time, s, of work that is done here: to start other processes takes more."""

_PATIENCE = 0.5
"""Seconds between looks at what other runs have finished."""

WORTH_ANOTHER_TRY = ("analysis failed", "simulation failed", "process failed", "no scratch")
"""Failures that are tried once more; a structure that cannot be used will be no better then."""

_COMPARE_CPU_LIMIT = 60.0

_FEWEST_MEASURED, _MOST_MEASURED = 10, 200
"""Stored results from which, and up to which, an estimate is scaled by measured times."""

_UNKNOWN_COST = 1.0
"""CPU time, s, of a site that its simulator has no estimate of."""

_LABELS = 3
"""Raised whenever the definition of a label changes, so that they are found anew."""

NOT_KEPT: Record = {"ok": False, "reason": "no result", "problem": "it was not kept"}
"""What stands for a record that another run, or a full disk, took away."""

PREPARE_COST = 0.02
LABEL_COST = 0.4
PDF_COST = 0.6
"""Measured CPU time, s, of one structure, and of the labels and the PDFs of one material, in the mean."""


@dataclass(frozen=True)
class Order:
    """One piece of work: where its result goes, what makes it, what it costs, what it is of."""

    kind: str
    key: str
    args: tuple[object, ...]
    cost: float
    about: Record


@dataclass
class _Stage:
    """How far a stage is, which orders it is at, and which another run is at."""

    name: str
    total: int | None
    cost: float
    seen: int = 0
    cached: int = 0
    done: int = 0
    failed: int = 0
    spent: float = 0.0
    ahead: dict[str, Order] = field(default_factory=dict)
    elsewhere: list[Order] = field(default_factory=list)

    def progress(self) -> BuildProgress:
        """Count, and estimate the cost of all of it."""
        total = self.seen if self.total is None else self.total
        each = self.spent / self.done if self.done else 0.0
        cost = max(self.cost or each * (total - self.cached), self.spent)
        done = self.done + self.cached
        return BuildProgress(self.name, done, total, self.failed, self.cached, self.spent, cost)


class Runner:
    """Carries out orders and keeps their results."""

    def __init__(
        self,
        absorber: str,
        store: ResultStore,
        *,
        scheduler: str | None = None,
        workers: int | None = None,
        retry_failed: bool = False,
        on_progress: Callable[[BuildProgress], None] | None = None,
    ) -> None:
        self.absorber = absorber
        self.store = store
        self.computed = 0
        self.found = 0
        self.cpu_seconds = 0.0
        self._scheduler, self._workers = scheduler, workers
        self._alone = scheduler is None and (workers or default_workers()) == 1
        self._retry = retry_failed
        self._on_progress = on_progress
        self._processes: Processes | None = None
        self._unkept: dict[str, Record] = {}
        self._refreshed = 0.0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self.store.close()

    def _run(
        self,
        stage: str,
        function: Callable[..., Record],
        orders: Iterable[Order],
        *,
        total: int | None,
        cost: float = 0.0,
        apart: bool = False,
    ) -> None:
        """Carry out what is not in the store yet; ``apart``: in processes that the function may end."""
        at = _Stage(stage, total, cost)
        wanted, first = orders, True
        while True:
            calls = self._missing(wanted, at, first=first)
            some: list[Call] = []
            for call in calls:
                some.append(call)
                if self._alone or self._is_much(at.ahead.values()):
                    break
            # The clock of the stage starts here, not with its first result.
            self._tell(at.progress())
            if some:
                todo = chain(some, calls)
                outcomes = (
                    run_here(function, todo, failed=_worth_another_try, apart=apart)
                    if self._alone or not self._is_much(at.ahead.values())
                    else self._open().run(function, todo, failed=_worth_another_try)
                )
                for outcome in outcomes:
                    order = at.ahead.pop(outcome.key)
                    at.failed += not self._keep(order, outcome)
                    at.done += 1
                    at.spent += order.cost
                    self._tell(at.progress())
            if not at.elsewhere:
                break
            # Another run is at these: take them up when it has finished, do them if it dies.
            wanted, at.elsewhere, first = at.elsewhere, [], False
            if not some:
                time.sleep(_PATIENCE)
        self._tell(at.progress())

    def _missing(self, wanted: Iterable[Order], at: _Stage, *, first: bool) -> Iterator[Call]:
        """Claim what is not known yet; what another run is at is set aside."""
        for order in wanted:
            at.seen += first
            self._refresh()
            known = order.key in at.ahead or self._known(order.key)
            if not known and not self.store.claim(order.key):
                at.elsewhere.append(order)
            elif known or self._finished_meanwhile(order.key):
                at.cached += 1
                self.found += 1
            else:
                at.ahead[order.key] = order
                yield Call(order.key, order.args)

    def _keep(self, order: Order, outcome: Outcome[Record]) -> bool:
        """Keep one result; say whether it is one."""
        record: Record | None = outcome.value
        if record is None:
            record = {"ok": False, "reason": "process failed", "problem": outcome.problem}
            record["transient"] = True
        record = {"about": order.about, **record}
        if outcome.attempts > 1:
            record["attempts"] = outcome.attempts
        if record.get("transient"):
            # What the machine did, not the structure: told now, and tried again by the next run.
            self._unkept[order.key] = record
        else:
            self.store.put(order.kind, order.key, record)
        self.computed += 1
        self.cpu_seconds += record.get("cpu_seconds", 0.0)
        return bool(record["ok"])

    def _finished_meanwhile(self, key: str) -> bool:
        """Say whether another run made it between our last look and our claim."""
        self.store.refresh()
        known = self._known(key)
        if known:
            self.store.release(key)
        return known

    def _refresh(self) -> None:
        """Take in what other runs have finished, every now and then."""
        now = time.monotonic()
        if now - self._refreshed > _PATIENCE:
            self.store.refresh()
            self._refreshed = now

    def _result(self, key: str) -> Record | None:
        return self._unkept.get(key) or self.store.get(key)

    def _known(self, key: str) -> bool:
        # Read, not only looked up: a result that was damaged is made again.
        record = self.store.get(key) if key in self.store else None
        return record is not None and (record["ok"] or not self._retry)

    def _is_much(self, ahead: Iterable[Order]) -> bool:
        """Say whether work is worth other processes; where they run, any is."""
        running = self._processes is not None or self._scheduler is not None
        return running or sum(order.cost for order in ahead) > QUICK

    def _open(self) -> Processes:
        """Start processes when the first piece of work needs one."""
        if self._processes is None:
            opened = open_processes(scheduler=self._scheduler, workers=self._workers)
            self._processes = self._stack.enter_context(opened)
        return self._processes

    def _tell(self, progress: BuildProgress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)


def _worth_another_try(record: Record) -> str:
    """Say why to try once more; a structure that cannot be used will be no better then."""
    return "" if record["ok"] or record["reason"] not in WORTH_ANOTHER_TRY else str(record["problem"])


@dataclass(frozen=True)
class Site:
    """One inequivalent absorber site."""

    given: int
    primitive: int
    multiplicity: int
    equivalent: tuple[int, ...]


@dataclass(frozen=True)
class Material:
    """One usable material; its structure stays in the store."""

    material_id: str
    formula: str
    kind: tuple[str, int, int]
    structure_key: str
    structure_hash: str
    sites: tuple[Site, ...]

    def packed(self, store: ResultStore) -> Record:
        """Read its structure."""
        record = store.get(self.structure_key)
        if record is None:
            raise OutputError(
                f"cannot read the structure of {self.material_id} from {str(store.folder)!r}",
                found="a damaged entry",
                needed="what this run itself has written",
                suggestion="run the same command again",
            )
        structure: Record = record["value"]["structure"]
        return structure


Key = TypeVar("Key")


class Stages(Runner):
    """The stages of one build; see `Runner` for its parameters."""

    def prepare(
        self, sources: Iterable[SourceMaterial], limits: dict[str, int | None]
    ) -> tuple[list[Material], list[Item]]:
        """Read, check and reduce structures, and drop those that are listed twice."""
        versions = [installed_version(name) for name in ("pymatgen-core", "spglib")]
        made_by = [self.absorber, limits, *versions, SYMMETRY_TOLERANCE, 5]
        names: list[tuple[str, str]] = []

        def orders() -> Iterator[Order]:
            for source in sources:
                row = SourceMaterial(source.material_id, source.source, source.form)
                key = digest("structure", source.source, source.form, made_by)
                names.append((source.material_id, key))
                about = {"material_id": source.material_id}
                yield Order("structure", key, (row, self.absorber, limits), PREPARE_COST, about)

        self._run("reading", work.prepare, orders(), total=None)
        materials, items = [], []
        for material_id, key in names:
            record = self._result(key)
            if record is None or not record["ok"]:
                failure = record or NOT_KEPT
                status = "failed" if failure["reason"] in WORTH_ANOTHER_TRY else "rejected"
                items.append(Item(material_id, None, status, failure["reason"], failure["problem"]))
                continue
            value = record["value"]
            if value["notes"]:
                items.append(Item(material_id, None, "done", INFERRED, "; ".join(value["notes"])))
            sites = tuple(
                Site(s["given"], s["primitive"], s["multiplicity"], tuple(s["equivalent"]))
                for s in value["sites"]
            )
            atoms = len(value["structure"]["elements"])
            kind = (value["formula"], atoms, value["space_group"])
            materials.append(Material(material_id, value["formula"], kind, key, value["hash"], sites))
        return self._unique(materials, items)

    def _unique(self, materials: list[Material], items: list[Item]) -> tuple[list[Material], list[Item]]:
        """Drop what is listed twice; the first of identical materials stays."""
        kept: dict[str, Material] = {}
        classes: dict[tuple[str, int, int], list[Material]] = {}
        for number, material in enumerate(materials, start=1):
            twin = next((m for m in classes.get(material.kind, []) if self._identical(m, material)), None)
            if twin is not None:
                message = f"identical to {twin.material_id}"
                items.append(Item(material.material_id, None, "duplicate", "", message))
            elif material.material_id in kept:
                message = "another structure has the same identifier"
                items.append(Item(material.material_id, None, "rejected", "identifier used twice", message))
            else:
                kept[material.material_id] = material
                classes.setdefault(material.kind, []).append(material)
            if number % 20 == 0 or number == len(materials):
                self._tell(BuildProgress("comparing", number, len(materials), 0, 0, 0.0, 0.0))
        return list(kept.values()), items

    def _identical(self, known: Material, material: Material) -> bool:
        if known.structure_hash == material.structure_hash:
            return True
        first, structure = (work.unpack_structure(m.packed(self.store)) for m in (known, material))
        if not may_be_identical(first, structure):
            return False
        # Guarded: the search over settings of large cells can take for ever.
        box = shared_sandbox("pymatgen.core.structure_matcher", "edgepair.structures.preparation")
        return bool(box.call(are_identical, first, structure, cpu_seconds=_COMPARE_CPU_LIMIT).value)

    def label(self, materials: list[Material]) -> dict[str, Record]:
        """Label the sites of materials."""
        keys = {m.material_id: self.label_key(m) for m in materials}
        args = ([site.primitive for site in m.sites] for m in materials)
        orders = self._of_materials("labels", materials, keys, args, LABEL_COST)
        self._run("labels", work.label, orders, total=len(materials))
        return self._collect(keys)

    def _of_materials(
        self, kind: str, materials: list[Material], keys: dict[str, str], args: Iterable[object], cost: float
    ) -> Iterator[Order]:
        """List what is to be done of materials, whose structures are read when it is their turn."""
        for m, more in zip(materials, args, strict=False):
            about = {"material_id": m.material_id, "formula": m.formula}
            yield Order(kind, keys[m.material_id], (m.packed(self.store), more), cost, about)

    def simulate_pdfs(self, materials: list[Material]) -> dict[str, Record]:
        """Simulate the PDFs of materials."""
        keys = {m.material_id: self.pdf_key(m) for m in materials}
        orders = self._of_materials("pdf", materials, keys, repeat(self.absorber), PDF_COST)
        self._run("PDFs", work.simulate_pdfs, orders, total=len(materials))
        # Curves are read when they are needed: a million materials fit.
        failed: dict[str, Record] = {}
        for name, key in keys.items():
            if not self.store.is_ok(key):
                failed[name] = self._result(key) or NOT_KEPT
        return failed

    def curves(self, material: Material) -> Record:
        """Read the PDFs of a material."""
        record = self._result(self.pdf_key(material))
        return record["value"] if record is not None and record["ok"] else {}

    def simulate(
        self,
        sites: list[tuple[Material, Site]],
        simulator: SiteSimulator,
        *,
        only_known: bool,
        stage: str = "spectra",
    ) -> dict[tuple[str, int], Record]:
        """Simulate spectra."""
        keys = {
            (m.material_id, site.given): site_key(m.structure_hash, site.primitive, simulator)
            for m, site in sites
        }
        if not only_known:
            costs = {
                key: self._cost(m, site, simulator)
                for m, site in sites
                if not self.store.is_ok(key := keys[m.material_id, site.given])
            }
            orders = (
                Order(
                    simulator.name, key, (m.packed(self.store), site.primitive, simulator),
                    costs.get(key, 0.0),
                    # for people, and for other programs
                    {
                        "material_id": m.material_id, "formula": m.formula, "absorber": self.absorber,
                        "site": site.given,
                    },
                )
                for m, site in sites
                for key in [keys[m.material_id, site.given]]
            )  # fmt: skip
            self._run(stage, work.simulate, orders, total=len(sites), cost=sum(costs.values()), apart=True)
        return self._collect(keys)

    def unfinished_cost(self, materials: list[Material], *, pdf: bool) -> float:
        """Add up what the labels and PDFs cost that are not in the store."""
        labels = sum(not self._known(self.label_key(m)) for m in materials)
        pdfs = sum(not self._known(self.pdf_key(m)) for m in materials) if pdf else 0
        return labels * LABEL_COST + pdfs * PDF_COST

    def estimate(
        self, sites: list[tuple[Material, Site]], simulator: SiteSimulator
    ) -> tuple[int, float, float, int]:
        """Estimate what the spectra that are not in the store cost."""
        ratios: list[float] = []
        missing, known = 0.0, 0
        for material, site in sites:
            key = site_key(material.structure_hash, site.primitive, simulator)
            record = self.store.get(key) if self._known(key) else None
            known += record is not None
            if record is None:
                missing += self._cost(material, site, simulator)
            elif record["ok"] and record.get("cpu_seconds") and len(ratios) < _MOST_MEASURED:
                ratios.append(record["cpu_seconds"] / self._cost(material, site, simulator))
        enough = len(ratios) >= _FEWEST_MEASURED
        return known, missing, median(ratios) if enough else 1.0, len(ratios) if enough else 0

    def label_key(self, material: Material) -> str:
        """Hash what the labels of a material depend on."""
        sites = [site.primitive for site in material.sites]
        made_by = [self.absorber, installed_version("pymatgen-core"), installed_version("spglib"), _LABELS]
        return digest("labels", material.structure_hash, sites, made_by)

    def pdf_key(self, material: Material) -> str:
        """Hash what the PDFs of a material depend on."""
        made_by = [installed_version("diffpy.pdffit2"), IDEAL_U_ISO, IDEAL_R_STEP, IDEAL_R_LAST]
        return digest("pdf", material.structure_hash, self.absorber, made_by)

    def _cost(self, material: Material, site: Site, simulator: SiteSimulator) -> float:
        try:
            structure = work.unpack_structure(material.packed(self.store))
            cost = float(simulator.estimate(structure, site.primitive))
        except OutputError:
            raise
        except Exception:
            # What cannot be simulated is found out, and recorded, where it is tried.
            cost = _UNKNOWN_COST
        return cost if 0 < cost < float("inf") else _UNKNOWN_COST

    def _collect(self, keys: dict[Key, str]) -> dict[Key, Record]:
        records = {name: self._result(key) for name, key in keys.items()}
        return {name: record for name, record in records.items() if record is not None}
