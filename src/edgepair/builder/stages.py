"""The stages of a build: preparing, comparing, labelling and simulating, all by way of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import TypeVar

from edgepair.builder import work
from edgepair.builder.records import INFERRED, BuildProgress, Item, digest, site_key
from edgepair.builder.result_store import ResultStore
from edgepair.builder.runner import WORTH_ANOTHER_TRY, Order, Runner
from edgepair.conventions import OutputError
from edgepair.conventions.displayed import Record
from edgepair.engine import shared_sandbox
from edgepair.files.caching import installed_version
from edgepair.simulation import IDEAL_R_LAST, IDEAL_R_STEP, IDEAL_U_ISO, SiteSimulator
from edgepair.structures import SYMMETRY_TOLERANCE, SourceMaterial, are_identical, may_be_identical


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


_COMPARE_CPU_LIMIT = 60.0

_FEWEST_MEASURED, _MOST_MEASURED = 10, 200
"""Stored results from which, and up to which, an estimate is scaled by measured times."""

_UNKNOWN_COST = 1.0
"""CPU time, s, of a site that its simulator has no estimate of."""

_LABELS = 2
"""Raised whenever the definition of a label changes, so that they are found anew."""

NOT_KEPT: Record = {"ok": False, "reason": "no result", "problem": "it was not kept"}
"""What stands for a record that another run, or a full disk, took away."""

PREPARE_COST = 0.02
LABEL_COST = 0.4
PDF_COST = 0.6
"""Measured CPU time, s, of one structure, and of the labels and the PDFs of one material, in the mean."""


Key = TypeVar("Key")


class Stages(Runner):
    """The stages of one build; see `Runner` for its parameters."""

    def prepare(
        self, sources: Iterable[SourceMaterial], limits: dict[str, int | None]
    ) -> tuple[list[Material], list[Item]]:
        """Read, check and reduce structures, and drop those that are listed twice."""
        versions = [installed_version(name) for name in ("pymatgen-core", "spglib")]
        made_by = [self.absorber, limits, *versions, SYMMETRY_TOLERANCE, 4]
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
        value: Record = record["value"] if record is not None and record["ok"] else {}
        return value

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
