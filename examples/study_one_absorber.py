"""Which technique tells the coordination of manganese best? A quick study in Python."""

import edgepair


def main() -> None:
    """Run the study and print what it found."""
    manganese = edgepair.load_bundled("Mn")
    result = edgepair.run_study(manganese, tasks=["coordination_number"], quick=True, n_jobs=1)
    scores = result.scores.query("metric == 'f1_weighted' and learner == 'forest'")
    print(scores[["modality", "value", "lower", "upper"]].to_string(index=False))
    for finding in result.findings:
        print(finding.sentence)


if __name__ == "__main__":
    main()
