"""The materials and sites of one build, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.builder.assembly import Assembled, MaterialRows, Place, SecondRun, SiteRow
from edgepair.builder.gates import absorption_problem, gate_text
from edgepair.builder.records import Item
from edgepair.builder.spectra_table import SpectraTable
from edgepair.builder.stages import NOT_KEPT, Material, Site, Stages
from edgepair.builder.work import unpack_array
from edgepair.conventions.displayed import Record
from edgepair.simulation import SiteSimulator
from edgepair.structures import SourceMaterial, read_structure_source

if TYPE_CHECKING:
    import numpy as np


@dataclass
class Plan:
    """The materials and sites of one build, and what became of them so far."""

    stages: Stages
    spectra: SpectraTable | None
    max_sites: int | None
    max_elements: int | None

    def __post_init__(self) -> None:
        self.materials: list[Material] = []
        self.items: list[Item] = []
        self.joined: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}

    def read(self, source: str | Path | Iterable[SourceMaterial]) -> None:
        """Read the source and join spectra that were computed elsewhere."""
        materials = read_structure_source(source) if isinstance(source, str | Path) else source
        limits = {"max_sites": self.max_sites, "max_elements": self.max_elements}
        wanted = materials if self.spectra is None else self._with_spectra(materials)
        self.materials, found = self.stages.prepare(wanted, limits)
        self.items += found
        if self.spectra is not None:
            for material in self.materials:
                self._join(material, self.spectra)

    def _with_spectra(self, materials: Iterable[SourceMaterial]) -> Iterable[SourceMaterial]:
        assert self.spectra is not None
        unseen = dict.fromkeys(self.spectra.spectra)
        for material in materials:
            unseen.pop(material.material_id, None)
            if material.material_id in self.spectra.spectra:
                yield material
            else:
                message = "the table of spectra has none of it"
                self.items.append(Item(material.material_id, None, "left out", "no spectrum", message))
        for name in unseen:
            message = "the table of spectra names it, the source does not"
            self.items.append(Item(name, None, "left out", "not in the source", message))

    def _join(self, material: Material, table: SpectraTable) -> None:
        for spectrum in table.spectra[material.material_id]:
            problem = absorption_problem(spectrum.energy, spectrum.mu)
            if problem:
                item = Item(material.material_id, spectrum.site, "rejected", "spectrum not usable", problem)
                self.items.append(item)
                continue
            site = next((s for s in material.sites if spectrum.site in s.equivalent), None)
            if site is None:
                message = f"atom {spectrum.site} is no {self.stages.absorber} atom of the structure"
                item = Item(material.material_id, spectrum.site, "rejected", "not an absorber site", message)
            elif (material.material_id, site.given) in self.joined:
                message = f"equivalent to site {site.given}, which has a spectrum"
                item = Item(material.material_id, spectrum.site, "duplicate", "", message)
            else:
                self.joined[material.material_id, site.given] = (spectrum.energy, spectrum.mu)
                continue
            self.items.append(item)

    def finish(self, simulator: SiteSimulator, *, pdf: bool, simulate: bool) -> list[MaterialRows]:
        """Label, simulate, and collect what is there."""
        records = self.stages.label(self.materials)
        wanted: list[tuple[Material, Site]] = []
        labels: dict[tuple[str, int], Record] = {}
        for material in self.materials:
            record = records.get(material.material_id, NOT_KEPT)
            if not record["ok"]:
                self._fail(material, record)
                continue
            for site, label in zip(material.sites, record["value"]["sites"], strict=True):
                message = _other_neighbours(label)
                if message:
                    reason = "neighbours not all oxygen"
                    self.items.append(Item(material.material_id, site.given, "left out", reason, message))
                else:
                    wanted.append((material, site))
                    labels[material.material_id, site.given] = label
        curves = self._curves(wanted, simulator, simulate=simulate)
        used = [m for m in self.materials if any((m.material_id, site.given) in curves for site in m.sites)]
        failed = self.stages.simulate_pdfs(used) if pdf else {}
        for material in used:
            if material.material_id in failed:
                self._fail(material, failed[material.material_id])
        return [
            _material_rows(
                material,
                [
                    SiteRow(site.given, site.multiplicity, labels[place], *curves[place])
                    for site in material.sites
                    if (place := (material.material_id, site.given)) in curves
                ],
                self.stages.curves(material) if pdf else {},
            )
            for material in used
            if material.material_id not in failed
        ]

    def _fail(self, material: Material, record: Record) -> None:
        """Say of a material as a whole that it failed, in place of what was said of its sites."""
        name = material.material_id
        self.items = [item for item in self.items if item.material_id != name or item.status != "done"]
        self.items.append(Item(name, None, "failed", record["reason"], record["problem"]))

    def judge(self, assembled: Assembled, runs: Mapping[Place, SecondRun]) -> None:
        """Say of the sites what assembling them showed: too short, gated, run again."""
        judged = []
        for item in self.items:
            place = (item.material_id, item.site if item.site is not None else -1)
            if item.status == "done" and place in assembled.short:
                reason, message = assembled.short[place]
                item = replace(item, status="left out", reason=reason, message=message)
            elif item.status == "done" and place in assembled.faults:
                faults = assembled.faults[place]
                message = "; ".join(fault.message for fault in faults)
                if place in runs:
                    message += f"; run again: {runs[place].message}"
                item = replace(item, status="gated", reason=gate_text(faults), message=message)
            elif item.status == "done" and place in runs:
                item = replace(item, message=runs[place].message)
            judged.append(item)
        self.items = judged

    def _curves(
        self, wanted: list[tuple[Material, Site]], simulator: SiteSimulator, *, simulate: bool
    ) -> dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]:
        import numpy as np

        records = (
            self.stages.simulate(wanted, simulator, only_known=not simulate) if self.spectra is None else {}
        )
        curves = {}
        for material, site in wanted:
            place = (material.material_id, site.given)
            record = records.get(place)
            if self.spectra is not None and place in self.joined:
                curves[place] = self.joined[place]
                item = Item(*place, "done")
            elif self.spectra is not None:
                item = Item(*place, "left out", "no spectrum", "the table of spectra has none of it")
            elif record is None:
                item = Item(*place, "missing", "not simulated yet")
            elif record["ok"]:
                x, y = np.array(record["value"]["x"]), np.array(record["value"]["y"])
                # Kept results may be older than this check.
                problem = absorption_problem(x, y, simulator.variable)
                if problem:
                    item = Item(*place, "failed", "simulation failed", f"the simulator gave {problem}")
                else:
                    curves[place] = (x, y)
                    item = Item(*place, "done")
            else:
                item = Item(*place, "failed", record["reason"], record["problem"])
            self.items.append(item)
        return curves


def _material_rows(material: Material, rows: list[SiteRow], analysis: Record) -> MaterialRows:
    curves = {name: unpack_array(text) for name, text in analysis.get("pdf", {}).items()}
    baselines = analysis.get("baseline", {})
    return MaterialRows(
        material.material_id, material.formula, len(material.sites), tuple(rows), curves, baselines
    )


def _other_neighbours(label: Record) -> str:
    """Say what a site is bonded to that is not oxygen; empty where it is to oxygen alone."""
    if not label["elements"] or set(label["elements"]) != {"O"}:
        return "neighbours " + (", ".join(label["elements"]) or "not found")
    return ", ".join(f"bonded to {element} at {distance:.2f} Å" for element, distance in label["other_bonds"])
