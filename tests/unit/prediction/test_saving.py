"""Models taken apart, saved and put together again answer as before; odd parts are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepair.conventions import ModelError
from edgepair.models import ModelBundle, load_bundle, save_bundle
from edgepair.prediction.pdf_model import PdfModel
from edgepair.prediction.saving import pack_pdf, pack_xanes, restore_pdf, restore_xanes
from edgepair.prediction.xanes_model import XanesModel

TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def xanes_bundle(small_xanes: XanesModel, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """The small model of XANES, saved and loaded."""
    path = tmp_path_factory.mktemp("saved") / "xanes.model"
    packed = pack_xanes(small_xanes)
    save_bundle(path, packed.estimators, packed.arrays, packed.metadata, packed.checks)
    return load_bundle(path)


@pytest.fixture(scope="module")
def pdf_bundle(small_pdf: PdfModel, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """The small model of PDFs, saved and loaded."""
    path = tmp_path_factory.mktemp("saved") / "pdf.model"
    packed = pack_pdf(small_pdf, "pdf")
    save_bundle(path, packed.estimators, packed.arrays, packed.metadata, packed.checks)
    return load_bundle(path)


def changed(bundle: ModelBundle, **arrays: Any) -> ModelBundle:
    """A bundle with other arrays; None leaves one out."""
    kept = {name: values for name, values in bundle.arrays.items() if arrays.get(name, ...) is not None}
    kept |= {name: values for name, values in arrays.items() if values is not None}
    return ModelBundle(bundle.estimators, kept, bundle.metadata)


def test_a_restored_model_of_xanes_answers_as_before(
    small_xanes: XanesModel, xanes_bundle: ModelBundle
) -> None:
    restored = restore_xanes(xanes_bundle)
    mu = small_xanes.rows.mu[::7] + 0.01
    one, two = small_xanes.features(mu), restored.features(mu)
    np.testing.assert_allclose(two, one, rtol=0, atol=TOLERANCE)
    assert list(restored.fits) == list(small_xanes.fits)
    for task in small_xanes.fits:
        for level in (0.7, 0.9):
            before = small_xanes.answer(one, "Fe", task, level)
            after = restored.answer(two, "Fe", task, level)
            for name in ("value", "lower", "upper", "claimed", "probability"):
                np.testing.assert_allclose(
                    getattr(after, name), getattr(before, name), rtol=0, atol=TOLERANCE, err_msg=name
                )
            assert after.sets == before.sets
    np.testing.assert_allclose(
        restored.distances(two, "Fe"), small_xanes.distances(one, "Fe"), rtol=0, atol=TOLERANCE
    )
    np.testing.assert_allclose(
        restored.scale.asked_shift(mu, "Fe"),
        small_xanes.scale.asked_shift(mu, "Fe"),
        rtol=0,
        atol=TOLERANCE,
    )
    assert restored.window == small_xanes.window


def test_a_restored_model_of_pdfs_answers_as_before(small_pdf: PdfModel, pdf_bundle: ModelBundle) -> None:
    restored = restore_pdf(pdf_bundle, "pdf")
    features = small_pdf.features(small_pdf.G[::5] * 1.1)
    for task in small_pdf.fits:
        before, after = (model.answer(features, task, 0.9) for model in (small_pdf, restored))
        for name in ("value", "lower", "upper", "claimed", "probability"):
            np.testing.assert_allclose(
                getattr(after, name), getattr(before, name), rtol=0, atol=TOLERANCE, err_msg=name
            )
        assert after.sets == before.sets
    np.testing.assert_allclose(
        restored.distances(features), small_pdf.distances(features), rtol=0, atol=TOLERANCE
    )


def test_no_kernel_machine_is_fitted_anew(xanes_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgepair.models import source_kernel

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a factor of the covariance was made")

    monkeypatch.setattr(source_kernel, "cho_factor", never)
    restored = restore_xanes(xanes_bundle)
    features = restored.features(restored.rows.mu[:3])
    restored.answer(features, "Fe", "oxidation_state", 0.9)
    with pytest.raises(AssertionError, match="a factor"):
        restored.answer(features, "Fe", "bond_length", 0.9)


@pytest.mark.parametrize(
    "odd",
    [
        {"xanes/mu": None},
        {"xanes/mu": np.zeros(3)},
        {"xanes/mu": np.array([["a", "b"]])},
        {"xanes/scale": np.zeros((2, 1))},
        {"xanes/oxidation_state/weights": np.zeros((4, 7))},
        {"xanes/bond_length/left_out": np.zeros((4, 2))},
        {"xanes/simulated": np.zeros(5)},
        {"xanes/bond_length/target": None},
    ],
    ids=lambda odd: "-".join(odd),
)
def test_parts_that_do_not_fit_are_refused(xanes_bundle: ModelBundle, odd: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as caught:
        restore_xanes(changed(xanes_bundle, **odd), source="the model 'x.model'")
    assert "x.model" in caught.value.problem
    assert "edgepair train" in caught.value.suggestion


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", [-8.0, 1e9]),
        ("window", [30.0, -8.0]),
        ("window", "wide"),
        ("tasks", ["colour"]),
        ("kind", "pdf"),
        ("scale_error", -1.0),
        ("distance_scale", "1"),
    ],
)
def test_odd_settings_are_refused(xanes_bundle: ModelBundle, name: str, value: object) -> None:
    metadata = {"xanes": dict(xanes_bundle.metadata["xanes"]) | {name: value}}
    with pytest.raises(ModelError):
        restore_xanes(ModelBundle(xanes_bundle.estimators, xanes_bundle.arrays, metadata))


def test_a_value_that_is_not_finite_is_refused(xanes_bundle: ModelBundle) -> None:
    mu = xanes_bundle.arrays["xanes/mu"].copy()
    mu[0, 0] = np.nan
    with pytest.raises(ModelError):
        restore_xanes(changed(xanes_bundle, **{"xanes/mu": mu}))


def test_a_forest_of_other_classes_or_features_is_refused(
    xanes_bundle: ModelBundle, pdf_bundle: ModelBundle
) -> None:
    swapped = dict(xanes_bundle.estimators)
    swapped["xanes/oxidation_state"] = pdf_bundle.estimators["pdf/oxidation_state"]
    with pytest.raises(ModelError, match="cannot use"):
        restore_xanes(ModelBundle(swapped, xanes_bundle.arrays, xanes_bundle.metadata))
    swapped = dict(pdf_bundle.estimators)
    swapped["pdf/bond_length"] = pdf_bundle.estimators["pdf/oxidation_state"]
    with pytest.raises(ModelError) as caught:
        restore_pdf(ModelBundle(swapped, pdf_bundle.arrays, pdf_bundle.metadata), "pdf")
    assert "classes" in caught.value.found


def test_the_same_model_gives_the_same_bytes(small_pdf: PdfModel, tmp_path: Path) -> None:
    for name in ("a", "b"):
        packed = pack_pdf(small_pdf, "pdf")
        save_bundle(tmp_path / name, packed.estimators, packed.arrays, packed.metadata, packed.checks)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
