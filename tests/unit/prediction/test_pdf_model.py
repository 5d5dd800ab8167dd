"""The model of measured PDFs, on a few materials."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.prediction.answers import CLASSES
from edgepair.prediction.pdf_model import PdfModel, pdf_rows

pytestmark = pytest.mark.usefixtures("few_trees")


def test_answers_have_the_promised_form(small_pdf: PdfModel) -> None:
    features = small_pdf.features(small_pdf.rows.G[:6])
    for task in TASKS:
        answer = small_pdf.answer(features, task, 0.9)
        assert (answer.lower < answer.value).all()
        assert (answer.value < answer.upper).all()
        np.testing.assert_allclose(answer.value, small_pdf.value(features, task))
        if task in CLASSES:
            np.testing.assert_allclose(answer.probability.sum(axis=1), 1.0)
            for held, likely in zip(answer.sets, answer.probability.argmax(axis=1), strict=True):
                assert int(CLASSES[task][likely]) in held


def test_the_scale_does_not_matter(small_pdf: PdfModel) -> None:
    for task in TASKS:
        one, two = (small_pdf.value(small_pdf.features(k * small_pdf.rows.G[:6]), task) for k in (1.0, 4.7))
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_bond_lengths_of_left_out_formulas_are_told_better_than_by_the_mean(small_pdf: PdfModel) -> None:
    truth, told = small_pdf.rows.targets["bond_length"], small_pdf.fits["bond_length"].value
    known = ~np.isnan(truth)
    assert np.abs(told - truth)[known].mean() < 0.8 * np.abs(truth - np.nanmean(truth))[known].mean()


def test_a_formula_is_told_without_itself(make_synthetic: Callable[..., xr.Dataset]) -> None:
    """Bond lengths are random here: a forest that had seen a row would come near it."""
    dataset = make_synthetic()
    rng = np.random.default_rng(0)
    dataset["bond_length"][:] = rng.uniform(1.7, 2.3, dataset.sizes["site"])
    model = PdfModel(pdf_rows(dataset, "pdf"))
    truth, fit = model.rows.targets["bond_length"], model.fits["bond_length"]
    seen = model.value(model.features(model.rows.G), "bond_length")
    assert np.abs(fit.value - truth).mean() > 3 * np.abs(seen - truth).mean()


def test_only_complete_materials_are_learnt_from(make_synthetic: Callable[..., xr.Dataset]) -> None:
    dataset = make_synthetic()
    dataset["complete"][:7] = False
    left_out = set(dataset["material_id"].values[:7])
    model = PdfModel(pdf_rows(dataset, "pdf"))
    assert len(model.rows.name) == 43
    assert not left_out & set(model.rows.name)


def test_means_are_weighted_by_multiplicity_and_unknown_with_an_unknown_site(
    make_synthetic: Callable[..., xr.Dataset],
) -> None:
    dataset = make_synthetic()
    owner = dataset["material_index"].values
    sites = np.flatnonzero(owner == 45)
    dataset["coordination_number"][np.flatnonzero(owner == 46)[0]] = np.nan
    model = PdfModel(pdf_rows(dataset, "pdf"))
    weight = dataset["multiplicity"].values[sites]
    names = dataset["material_id"].values
    number = model.rows.targets["coordination_number"]
    known = dataset["coordination_number"].values[sites]
    assert number[model.rows.name == names[45]][0] == pytest.approx(np.average(known, weights=weight))
    assert np.isnan(number[model.rows.name == names[46]][0])
    assert np.isnan(model.fits["coordination_number"].value[model.rows.name == names[46]]).all()


def test_a_task_known_of_too_few_materials_is_not_answered(
    make_synthetic: Callable[..., xr.Dataset],
) -> None:
    dataset = make_synthetic()
    dataset["oxidation_state"][12:] = np.nan
    model = PdfModel(pdf_rows(dataset, "pdf"))
    assert set(model.fits) == {"coordination_number", "bond_length"}


def test_techniques_read_their_own_curves(make_synthetic: Callable[..., xr.Dataset]) -> None:
    dataset = make_synthetic().drop_vars(["oxidation_state", "coordination_number"])
    for technique, variable in (("pdf", "G"), ("dpdf", "G_M"), ("npdf", "G_neutron")):
        model = PdfModel(pdf_rows(dataset, technique))
        row = int(np.flatnonzero(dataset["material_id"].values == model.rows.name[0])[0])
        np.testing.assert_allclose(model.rows.G[0], dataset[variable].values[row], rtol=1e-6)


def test_a_training_material_is_at_no_distance_from_itself(small_pdf: PdfModel) -> None:
    apart = small_pdf.distances(small_pdf.features(small_pdf.rows.G[3:4]))[0]
    assert apart[3] == pytest.approx(0, abs=1e-5)
    assert (np.delete(apart, 3) > 0).all()


def test_noise_is_far_from_every_material(small_pdf: PdfModel) -> None:
    noise = np.random.default_rng(0).normal(size=(2, len(small_pdf.rows.r)))
    assert (small_pdf.distances(small_pdf.features(noise)).min(axis=1) > 1).all()


def test_every_feature_has_a_place_within_the_curve(small_pdf: PdfModel) -> None:
    features = small_pdf.features(small_pdf.rows.G[:1])
    assert small_pdf.position.shape == (features.shape[1],)
    assert small_pdf.position.min() >= small_pdf.rows.r[0]
    assert small_pdf.position.max() <= small_pdf.rows.r[-1]
