"""What the advisor found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from edgepair.conventions import Displayed
from edgepair.conventions.displayed import Record
from edgepair.files.writing import json_ready

SCORE_COLUMNS = ("technique", "metric", "value", "lower", "upper")
GAIN_COLUMNS = ("have", "add", "metric", "value", "lower", "upper", "verdict")
REQUIREMENT_COLUMNS = (
    "technique", "quantity", "unit", "level", "metric", "value", "lower", "upper", "loss", "loss_lower",
    "loss_upper",
)  # fmt: skip
NEEDED_COLUMNS = ("technique", "quantity", "unit", "own", "enough", "likely", "too_poor", "sentence")
SIMILAR_COLUMNS = (
    "have", "add", "among", "same_answer", "n_sites", "n_formulas", "n_changed", "changed", "changed_lower",
    "changed_upper", "better", "worse", "net", "net_lower", "net_upper", "verdict",
)  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class Advice(Displayed, topic="advice", main_table="gains"):
    """Whether a second technique is worth measuring, and to what quality.

    Attributes
    ----------
    absorber, task : str
        What was asked about.
    scores : pandas.DataFrame
        A row per technique (or combination) and metric: ``technique, metric, value, lower, upper``.
    gains : pandas.DataFrame
        ``have, add, metric, value, lower, upper, verdict``: what adding a technique to one in hand
        changes, above 0 for the better. ``verdict``, of the main metric: ``worth`` (certainly the
        smallest gain or more), ``helps`` (certainly a gain, perhaps a smaller one), ``not_worth``
        (certainly less) or ``undecided``.
    requirements : pandas.DataFrame
        ``technique, quantity, unit, level, metric, value, lower, upper, loss, loss_lower,
        loss_upper``: the score at each level of a quality, and what is lost against the data as they
        are, which stand first with no loss.
    needed : pandas.DataFrame
        ``technique, quantity, unit, own, enough, likely, too_poor, sentence``: the data's own level, the
        poorest one whose loss is certainly within the tolerance (the own one where there is no
        other), and the first that certainly loses more (NaN where none does). What lies between is
        undecided.
    similar : pandas.DataFrame
        With a sample: how often adding a technique changed the predictions of left-out sites, among
        those like the sample (``same_answer``: the same prediction from what is in hand) and among all; empty
        without a sample.
    recommendation : tuple of str
        Sentences that follow from the numbers.
    warnings : tuple of str
        What makes them doubtful.
    sample : dict
        What `edgepair.predict` says of the sample now; empty without one.
    config : dict
        Settings, numbers of sites and formulas, classes, the score of a guess, and seconds.
    """

    absorber: str
    task: str
    scores: pd.DataFrame
    gains: pd.DataFrame
    requirements: pd.DataFrame
    needed: pd.DataFrame
    similar: pd.DataFrame
    recommendation: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    sample: Record = field(default_factory=dict)
    config: Record = field(default_factory=dict)

    def _lines(self) -> Iterator[str]:
        yield f"Advice: {self.absorber}, {self.task}"
        yield from self.recommendation
        yield from self.warnings

    def as_dict(self) -> Record:
        """Return everything as JSON knows it.

        Returns
        -------
        dict
            ``absorber, task, rows, gains, requirements, needed, recommendation, warnings, sample,
            similar, config``; what is not known is None.
        """
        document: Record = {
            "absorber": self.absorber,
            "task": self.task,
            "rows": self.scores.to_dict("records"),
            "gains": self.gains.to_dict("records"),
            "requirements": self.requirements.to_dict("records"),
            "needed": self.needed.to_dict("records"),
            "recommendation": list(self.recommendation),
            "warnings": list(self.warnings),
            "sample": self.sample,
            "similar": self.similar.to_dict("records"),
            "config": self.config,
        }
        plain: Record = json_ready(document)
        return plain

    def to_json(self) -> str:
        """Write everything as JSON.

        Returns
        -------
        str
            One document.
        """
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, allow_nan=False)
