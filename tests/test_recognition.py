"""A reader's score, by what is behind the words."""

from semlib.data import TextImage, make_text_image
from semlib.experiments import recognition


def test_a_score_is_by_background():
    class Echo:
        def read(self, images):
            return ["Right"] * len(images)

    picture = make_text_image(0, "test").image
    test = [
        TextImage(picture, text, "", kind)
        for text, kind in (("right", "plain"), ("RIGHT", "plain"), ("night", "noise"))
    ]
    rows = recognition.score_sets("echo", Echo(), test, test[2:])
    assert rows["plain"]["exact"] == [1, 0.3424, 1] and rows["plain"]["images"] == 2
    assert rows["noise"]["exact"] == rows["hard"]["exact"] == [0, 0, 0.7935]
    assert rows["noise"]["accuracy"][0] == 0.8  # four of five letters
