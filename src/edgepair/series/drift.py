"""An energy scale that drifts along a series, where no foil was measured with each point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_DRIFT = 1.0
"""eV; what shapes alone are believed of a drift: more is a change of the sample."""

STEPS = 12


def find_drift(
    energy: NDArray[np.float64], mu: NDArray[np.float64], number: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Find the drift of the energies that would make so many components enough.

    Parameters
    ----------
    energy : numpy.ndarray
        Shape (n_energy,), eV.
    mu : numpy.ndarray
        Shape (n_points, n_energy).
    number : int
        Components.

    Returns
    -------
    drift : numpy.ndarray
        Shape (n_points,), eV, to be added to each point's energies; its mean is 0.
    moved : numpy.ndarray
        Shape (n_points, n_energy): the spectra without it.

    Notes
    -----
    Each residual is projected onto that part of its spectrum's slope which the components do not hold:
    :math:`d_i = r_i \cdot p_i / p_i \cdot p_i`, with :math:`p_i = \mu_i' - \mu_i' V^T V`; the spectra are
    moved, and components found anew. Noise is not smoothed, as the model is moved and not the data.
    """
    drift, moved = np.zeros(len(mu)), mu
    for _ in range(STEPS):
        left, size, right = np.linalg.svd(moved, full_matrices=False)
        space = right[:number]
        model = (left[:, :number] * size[:number]) @ space
        slope = np.gradient(model, energy, axis=1)
        own = slope - slope @ space.T @ space
        step = ((mu - _at(energy, model, drift)) * own).sum(axis=1) / np.maximum((own**2).sum(axis=1), 1e-12)
        drift = np.clip(drift + step, -LARGEST_DRIFT, LARGEST_DRIFT)
        drift -= drift.mean()
        moved = mu - (_at(energy, model, drift) - model)
        if np.abs(step - step.mean()).max() < 1e-3:
            break
    return drift, moved


def _at(
    energy: NDArray[np.float64], model: NDArray[np.float64], drift: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Show spectra as a scale shows them that is to be moved by the drift."""
    return np.array([np.interp(energy + by, energy, row) for by, row in zip(drift, model, strict=True)])
