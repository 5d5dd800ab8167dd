"""A study of your own spectra: arrays in, scores on compounds never seen out.

Made here: 80 sites of 40 compounds, whose edge tells the oxidation state and whose pre-edge the coordination.
"""

import numpy as np

import edgepair

rng = np.random.default_rng(1)
energy = np.arange(7100.0, 7160.0, 0.5)
compound = np.repeat(np.arange(40), 2)
state, neighbours = rng.integers(2, 4, 40)[compound], rng.choice([4, 6], 40)[compound]
edge = 7116.0 + 2.5 * state + rng.normal(0, 0.8, 80)
height = np.where(neighbours == 4, 0.12, 0.04) + rng.normal(0, 0.02, 80)
mu = 1 / (1 + np.exp(-(energy - edge[:, None]) / 1.5))
mu += height[:, None] * np.exp(-((energy - 7113) ** 2) / 4) + rng.normal(0, 0.01, mu.shape)

dataset = edgepair.from_arrays(
    absorber="Fe", energy=energy, mu=mu, oxidation_state=state, coordination_number=neighbours,
    formula=[f"Compound{number}" for number in compound],
    material_id=[f"compound-{number}" for number in compound],
)  # fmt: skip
edgepair.save_dataset(dataset, "iron.zarr.zip")  # edgepair study --data iron.zarr.zip
result = edgepair.run_study(dataset, quick=True)
print(result.scores.query("metric == 'accuracy'")[["task", "learner", "value", "lower", "upper"]])
figure = edgepair.figures.draw_importances(result, absorber="Fe", task="coordination_number")
figure.savefig("own_data.png", dpi=200)
