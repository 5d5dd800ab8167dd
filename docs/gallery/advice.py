"""Is a PDF worth measuring beside the XANES of manganese? What it adds, and the quality that it needs."""

import matplotlib.pyplot as plt

import edgepair

advice = edgepair.advise(edgepair.load_bundled("Mn"), task="coordination_number")
print(advice)
print(advice.gains.to_string())
print(advice.needed.to_string())
print(advice.requirements.to_string())
