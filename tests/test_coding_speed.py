"""What coding takes, in small."""

import pytest

from semlib.experiments import coding_speed

pytestmark = pytest.mark.slow


def test_bench():
    result = coding_speed.run("tinylic", 3, (0.05, 0.2))
    assert [size["megapixels"] for size in result["sizes"]] == [0.05, 0.2]
    for size in result["sizes"]:
        pixels = size["height"] * size["width"]
        assert pixels == pytest.approx(1e6 * size["megapixels"], rel=0.01)
        assert size["peak_mb"] > result["idle_mb"] > 100
        assert min(size["encode_s"], size["decode_s"]) > 0
