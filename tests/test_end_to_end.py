"""Pages read end to end: what a kept score is known by."""

from dataclasses import replace

from semlib import data
from semlib.experiments import end_to_end


def test_a_scores_key_is_of_all_that_it_depends_on(monkeypatch):
    one, two = data.spread_patches("test", 2)
    usual = end_to_end._key("weights", one, None)
    assert usual == end_to_end._key("weights", replace(one), None)
    others = {
        end_to_end._key("other weights", one, None),
        end_to_end._key("weights", replace(one, image=two.image), None),
        end_to_end._key("weights", replace(two, image=one.image), None),
        end_to_end._key("weights", one, lambda image: data.jpeg_bytes(image, 5)),
    }
    monkeypatch.setattr(end_to_end, "computed_by", lambda *_: "other code")
    others.add(end_to_end._key("weights", one, None))
    assert len(others) == 5 and usual not in others
