"""Study spectra of your own: here 60 made-up edges whose position tells the oxidation state."""

import numpy as np

import edgepair


def main() -> None:
    """Make a dataset from arrays, study it, and keep the result."""
    rng = np.random.default_rng(1)
    energy = np.arange(7100.0, 7160.0, 0.5)
    oxidation_state = rng.integers(2, 4, 60)
    edge = 7116.0 + 2.5 * oxidation_state + rng.normal(0, 0.8, 60)
    mu = 1 / (1 + np.exp(-(energy - edge[:, None]) / 1.5)) + rng.normal(0, 0.01, (60, len(energy)))
    dataset = edgepair.from_arrays(
        absorber="Fe",
        energy=energy,
        mu=mu,
        oxidation_state=oxidation_state,
        formula=[f"Compound{number // 2}" for number in range(60)],
        material_id=[f"compound-{number // 2}" for number in range(60)],
    )
    result = edgepair.run_study(dataset, modalities=["xanes"], quick=True, n_jobs=1, cache=False)
    print(result.scores.query("metric == 'accuracy'")[["learner", "value", "lower", "upper"]])
    print([item["reason"] for item in result.skipped])


if __name__ == "__main__":
    main()
