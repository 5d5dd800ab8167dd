"""How do the spectra of iron in oxides differ with its oxidation state? Mean curves, as a page."""

import edgepair


def main() -> None:
    """Draw the mean curve of each class with its spread."""
    iron = edgepair.load_bundled("Fe")
    print(iron.edgepair.summary()["tasks"]["oxidation_state"]["classes"])
    figure = iron.edgepair.plot.xanes(by="oxidation_state")
    figure.write_html("curves.html", include_plotlyjs="directory")
    print("curves.html")


if __name__ == "__main__":
    main()
