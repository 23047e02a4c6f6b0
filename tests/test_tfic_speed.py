"""What reading takes beside coding, in small."""

import pytest

from semlib.experiments import tfic_speed

pytestmark = pytest.mark.slow


def test_speed():
    seconds = tfic_speed.run(2)["seconds_per_image"]
    assert all(mean > 0 and deviation >= 0 for mean, deviation in seconds.values())
    assert (
        len(seconds) == 7
        and seconds["read, TRBA"] < seconds["detect and read, english_g2"]
    )
