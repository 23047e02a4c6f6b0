"""Pages ruined otherwise than networks learned."""

import numpy as np
import pytest

from semlib.experiments import conditions, end_to_end

pytestmark = pytest.mark.slow


def test_conditions():
    found = conditions.conditions(2)
    files = {name: ruin(chosen[0].image) for name, (chosen, ruin) in found.items()}
    usual = files.pop("as trained")
    assert usual not in files.values()
    turned = end_to_end.luminance(files["turned by EXIF"])
    assert turned.inside[1].start % 8 and turned.pixels[turned.inside].shape == (69, 261)
    assert files["progressive"] != files["OpenCV's encoder"]
    # an encoder that says the same in other words
    one, two = (
        end_to_end.luminance(file).pixels for file in (usual, files["progressive"])
    )
    assert np.array_equal(one, two)
    text = found["digits"][0][0].text
    assert "".join(text.split()).replace(".", "").replace("-", "").isdigit()
    grey = found["grey ink on grey paper"][0][0].image
    assert grey.max() == conditions.PAPER and grey.min() >= conditions.INK
