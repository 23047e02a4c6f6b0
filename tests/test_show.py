"""The slider and the marked text, without a browser (test_book.py has one)."""

import base64
import io
import re

import ipywidgets as widgets
import numpy as np
import pytest
from ipywidgets.widgets.widget_link import Link
from PIL import Image

from semlib.show import Frame, interval, marked, slider

GREY = np.arange(24, dtype=np.uint8).reshape(4, 6)


def frame(value=1, picture=GREY, **more):
    return Frame(value, picture, alt="a test picture", **more)


def plain(html):
    """`marked` without its style and its outer span."""
    return re.fullmatch(r"<span[^>]*><style>.*?</style>(.*)</span>", html, re.DOTALL)[1]


def parts(box):
    """(slider, stack) of the widget."""
    (handle,) = [w for w in box.children if isinstance(w, widgets.SelectionSlider)]
    (stack,) = [w for w in box.children if "semlib-frames" in w._dom_classes]
    return handle, stack


def shown(handle, stack):
    """The HTML that the slider stands at."""
    views = stack.children
    return views[handle.index if len(views) > 1 else 0].value


def image(html):
    kind, data = re.search(r'src="data:image/(\w+);base64,([^"]+)"', html).groups()
    return kind, Image.open(io.BytesIO(base64.b64decode(data)))


# marked


def test_marked_equal_text_is_unchanged():
    assert plain(marked("same text", "same text")) == "same text"


def test_marked_replaced_inserted_and_missing():
    assert plain(marked("cat", "cut")) == (
        'c<mark class="wrong" title="truth: a">u</mark>t'
    )
    assert plain(marked("cat", "caat")) in (
        'c<mark class="wrong" title="not in the truth">a</mark>at',
        'ca<mark class="wrong" title="not in the truth">a</mark>t',
    )
    assert plain(marked("cat", "ct")) == (
        'c<mark class="missing" title="missing: a">‸</mark>t'
    )


def test_marked_nothing_read_and_nothing_there():
    assert plain(marked("ab", "")) == '<mark class="missing" title="missing: ab">‸</mark>'
    assert (
        plain(marked("", "x")) == '<mark class="wrong" title="not in the truth">x</mark>'
    )
    assert plain(marked("", "")) == ""


def test_marked_escapes_html():
    html = marked('<b> & "', '<i> & "')
    assert "<b>" not in html and "<i>" not in html
    assert plain(html) == (
        '&lt;<mark class="wrong" title="truth: b">i</mark>&gt; &amp; &quot;'
    )


def test_interval_has_its_form():
    assert interval([0.12345, 0.1, 0.2]) == "0.123 [0.100, 0.200]"
    assert interval([1.26, -0.5, 3], "+.1f") == "+1.3 [-0.5, +3.0]"


# frames


def test_array_is_stored_without_loss():
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    for array in (GREY, rgb, rgb / 255):
        _, stack = parts(slider([frame(picture=array)], label="x"))
        kind, decoded = image(stack.children[0].value)
        assert kind in ("webp", "png")
        expected = np.round(array * 255) if array.dtype.kind == "f" else array
        got = np.asarray(decoded.convert("L" if array.ndim == 2 else "RGB"))
        assert np.array_equal(got, expected)


def test_encoded_file_is_passed_on_as_it_is():
    buffer = io.BytesIO()
    Image.fromarray(GREY).save(buffer, "jpeg", quality=1)
    _, stack = parts(slider([frame(picture=buffer.getvalue())], label="x"))
    html = stack.children[0].value
    assert (
        "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode() in html
    )
    assert 'width="6" height="4"' in html


def test_frame_shows_picture_numbers_and_caption():
    made = frame(caption="<i>read</i>", numbers={"bits <per> pixel": "0.21"})
    _, stack = parts(slider([made], label="x", zoom=2.5))
    html = stack.children[0].value
    assert 'alt="a test picture"' in html
    assert 'style="width:15px"' in html
    assert "<dt>bits &lt;per&gt; pixel</dt><dd>0.21</dd>" in html
    assert '<div class="semlib-caption"><i>read</i></div>' in html


# the slider


@pytest.mark.skipif(not hasattr(widgets, "Stack"), reason="ipywidgets 7")
def test_slider_moves_the_frames_in_the_browser():
    from ipywidgets.widgets.widget import _instances

    made = slider([frame(q) for q in (1, 5, 10)], label="JPEG quality", start=1)
    handle, stack = parts(made)
    assert handle.description == "JPEG quality"
    assert handle._options_labels == ("1", "5", "10")
    assert (handle.value, stack.selected_index) == (5, 1)
    links = [w for w in _instances.values() if isinstance(w, Link)]
    pairs = [(w.source, w.target) for w in links]
    assert ((handle, "index"), (stack, "selected_index")) in pairs


def test_slider_moves_by_the_kernel_where_there_is_no_stack(monkeypatch):
    """ipywidgets 7, Colab's, has neither Stack nor styles of HTML."""
    monkeypatch.delattr(widgets, "Stack", raising=False)
    monkeypatch.delattr(widgets.widget_string, "HTMLStyle", raising=False)
    frames = [frame(q, caption=f"at {q}") for q in (1, 5, 10)]
    handle, box = parts(slider(frames, label="JPEG quality", start=1))
    assert [view.value.count("at 5") for view in box.children] == [1]
    handle.index = 2
    assert [view.value.count("at 10") for view in box.children] == [1]


def test_controls_compute_and_are_marked_as_needing_a_kernel():
    calls = []

    def compute(value, words):
        calls.append((value, words))
        return frame(value, caption=f"{words} at {value}")

    words = widgets.Text("first", description="your words")
    made = slider(
        [frame(q, caption="stored") for q in (1, 5, 10)],
        label="q",
        compute=compute,
        controls={"words": words},
    )
    handle, stack = parts(made)
    (live,) = [w for w in made.children if "semlib-needs-kernel" in w._dom_classes]
    assert live.children[0] is words

    handle.index = 1
    assert calls == []  # what is stored is good until a control moves
    words.value = "second"
    assert calls == [(5, "second")]
    assert "second at 5" in shown(handle, stack)
    assert "stored" not in stack.children[0].value  # nothing stale is shown
    handle.index = 2
    assert "second at 10" in shown(handle, stack)
    handle.index = 1  # fresh already
    assert calls == [(5, "second"), (10, "second")]
    assert "second at 5" in shown(handle, stack)


def test_a_failing_compute_is_told_in_one_line_and_tried_again():
    words = widgets.Text("fine")

    def compute(value, words):
        if words == "bad":
            raise RuntimeError("no <letters>\nin it")
        return frame(value, caption=words) if words != "none" else None

    made = slider([frame(1)], label="q", compute=compute, controls={"words": words})
    message = made.children[-1].children[-1]
    words.value = "bad"
    assert (
        message.value
        == '<span role="alert">RuntimeError: no &lt;letters&gt; in it</span>'
    )
    words.value = "none"
    assert "compute must return a Frame, not NoneType" in message.value
    words.value = "good"
    assert message.value == ""
    assert "good" in parts(made)[1].children[0].value


@pytest.mark.parametrize(
    ("frames", "options", "message"),
    [
        ([], {}, "no frames"),
        ([frame(1), frame(1)], {}, "same value"),
        ([frame(1)], {"start": 1}, "start 1"),
        ([frame(1)], {"zoom": 0}, "zoom 0"),
        ([frame(1)], {"controls": {"x": widgets.Text()}}, "compute"),
        ([Frame(1, GREY, alt=" ")], {}, "alternative text"),
        ([frame(7, np.zeros((2, 2, 4), np.uint8))], {}, r"frame 7: .*\(2, 2, 4\)"),
        ([frame(7, np.zeros((0, 3), np.uint8))], {}, r"\(0, 3\)"),
        ([frame(7, np.zeros((2, 2), np.int64))], {}, "int64"),
        ([frame(7, np.full((2, 2), 1.5))], {}, r"\[0, 1\]"),
        ([frame(7, np.full((2, 2), np.nan))], {}, r"\[0, 1\]"),
        ([frame(7, b"no picture")], {}, "frame 7"),
    ],
)
def test_bad_input_is_refused_in_one_clear_line(frames, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        slider(frames, label="q", **options)
    assert "\n" not in str(caught.value)
