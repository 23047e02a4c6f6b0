"""What the chapters show: a slider over pictures, read text with its errors marked, a
mean with its interval, and diagrams."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files

import ipywidgets as widgets
import Levenshtein
import numpy as np
from IPython.display import HTML
from PIL import Image

# `mathjax_ignore`: a dollar sign that a reader read must not become a formula.
_NO_MATH = "mathjax_ignore tex2jax_ignore"

_READ_STYLE = """<style>
.semlib-read{white-space:pre-wrap;overflow-wrap:anywhere}
.semlib-read mark{color:inherit;padding:0;background:#e5484d33;
text-decoration:underline 2px #e5484d}
.semlib-read mark.missing{background:none;color:#e5484d;font-weight:bold;
text-decoration:none}
</style>"""

_SLIDER_STYLE = """<style>
.semlib-slider .widget-hslider{width:100%;max-width:36rem}
.semlib-slider .widget-readout{min-width:4em;text-align:left;padding-left:.5em}
.semlib-frame{line-height:1.5}
.semlib-frame img{display:block;max-width:100%;height:auto;margin:0;padding:0;
border-radius:0;image-rendering:pixelated;outline:1px solid #8886;outline-offset:-1px}
.semlib-frame dl{display:flex;flex-wrap:wrap;gap:.25rem 2rem;margin:.75rem 0}
.semlib-frame dt{font-weight:normal;font-size:.85em;opacity:.8;margin:0}
.semlib-frame dd{font-variant-numeric:tabular-nums;font-weight:600;margin:0}
</style>"""


@dataclass(frozen=True)
class Frame:
    """One position of a slider.

    Args:
        value: what the slider's readout shows at this position.
        picture: an array H×W or H×W×3, uint8 or float in [0, 1]; or the bytes of a
            PNG, JPEG, GIF, WebP or AVIF file, which the browser itself decodes.
        alt: the picture in words, for those who do not see it.
        caption: HTML shown below the numbers, for instance from `marked`.
        numbers: name → formatted number, shown in a row under the picture.
    """

    value: int | float | str
    picture: np.ndarray | bytes
    alt: str
    caption: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)


def marked(truth: str, read: str) -> str:
    """HTML of `read`, with what differs from `truth` marked.

    Replaced and added characters are underlined (`<mark class="wrong">`); where
    characters are missing stands a small ‸ (`<mark class="missing">`). The
    pointer resting on a mark shows what the truth says there.
    """
    parts = []
    for tag, i, i_end, j, j_end in Levenshtein.opcodes(truth, read):
        right, text = escape(truth[i:i_end]), escape(read[j:j_end])
        if tag == "equal":
            parts.append(text)
        elif tag == "delete":
            parts.append(f'<mark class="missing" title="missing: {right}">‸</mark>')
        else:
            hint = f"truth: {right}" if right else "not in the truth"
            parts.append(f'<mark class="wrong" title="{hint}">{text}</mark>')
    return f'<span class="semlib-read {_NO_MATH}">{_READ_STYLE}{"".join(parts)}</span>'


def interval(ends: Sequence[float], form: str = ".3f") -> str:
    """«mean [low, high]», each number in this form, of what
    `semlib.metrics.mean_interval` gives."""
    mean, low, high = (format(end, form) for end in ends)
    return f"{mean} [{low}, {high}]"


def diagram(name: str) -> HTML:
    """One of the drawings in `semlib/diagrams`, in the page's own colours.

    Raises ValueError if there is none of this name; says which there are.
    """
    drawings = {
        file.name: file for file in files("semlib").joinpath("diagrams").iterdir()
    }
    if f"{name}.svg" not in drawings:
        names = ", ".join(sorted(file.removesuffix(".svg") for file in drawings))
        raise ValueError(f"diagram: no {name!r}; there are {names}")
    svg = drawings[f"{name}.svg"].read_text(encoding="utf-8")
    style = "max-width:30rem;margin:0 auto"  # no more than about twice a phone's width
    return HTML(f'<div class="semlib-diagram {_NO_MATH}" style="{style}">{svg}</div>')


def webp(picture: np.ndarray | Image.Image) -> bytes:
    """A picture as a WebP file a tenth as large as without loss, at a quality where one
    hardly sees it: for pages that show many photographs.

    picture: H×W×3, uint8, or a Pillow image.
    """
    file = io.BytesIO()
    Image.fromarray(np.asarray(picture)).save(file, "webp", quality=80)
    return file.getvalue()


def slider(
    frames: Sequence[Frame],
    *,
    label: str,
    start: int = 0,
    zoom: float = 1,
    compute: Callable[..., Frame] | None = None,
    controls: Mapping[str, widgets.Widget] | None = None,
) -> widgets.VBox:
    """A slider that moves through `frames`: picture, numbers and caption together.

    It needs no kernel: the frames travel with the page. With a kernel, moving
    one of the `controls` (argument name → widget) makes every frame stale, and
    each is made anew when the slider reaches it, by
    `compute(frame.value, **{name: control.value})`, which returns a Frame. If
    that raises, the widget shows the error in one line. The rendered book hides
    the controls, for there they would be dead.

    label: the slider's visible name.  start: the index of the first frame shown.
    zoom: page pixels per picture pixel; a picture never gets wider than the page.

    Raises ValueError if there are no frames, two frames have the same value, a
    frame lacks alternative text, a picture is not of the kinds Frame names,
    `start` is out of range, or there are controls but no `compute`.
    """
    frames, controls = list(frames), dict(controls or {})
    labels = [str(frame.value) for frame in frames]
    if not frames:
        raise ValueError("slider: no frames")
    if len(set(labels)) < len(labels):
        raise ValueError(f"slider: two frames have the same value: {', '.join(labels)}")
    if not 0 <= start < len(frames):
        raise ValueError(f"slider: start {start} is not one of 0..{len(frames) - 1}")
    if not zoom > 0:
        raise ValueError(f"slider: zoom {zoom} is not positive")
    if controls and compute is None:
        raise ValueError("slider: controls need a compute function")

    wide = widgets.Layout(width="100%", margin="0")  # one for all: light in bytes
    views = _views([_html(frame, zoom) for frame in frames], wide)
    handle = widgets.SelectionSlider(
        options=list(zip(labels, [frame.value for frame in frames])),
        index=start,
        description=label,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="auto"),
    )
    stack = _one_of(views, handle, wide)
    stack.add_class("semlib-frames")
    style = widgets.HTML(_SLIDER_STYLE, layout={"display": "none"})
    box = widgets.VBox([style, handle, stack])
    box.add_class("semlib-slider")
    if controls:
        box.children += (_live(handle, views, zoom, compute, controls),)
    return box


def _views(pages: Sequence[str], layout: widgets.Layout) -> list[widgets.HTML]:
    """Widgets that show HTML, of one style: light in bytes. ipywidgets 7 has none."""
    kind = getattr(widgets.widget_string, "HTMLStyle", None)
    style = {"style": kind()} if kind else {}
    return [widgets.HTML(page, layout=layout, **style) for page in pages]


def _one_of(
    views: Sequence[widgets.HTML], handle: widgets.SelectionSlider, layout: widgets.Layout
) -> widgets.Box:
    """The one of some views that the slider stands at."""
    if hasattr(widgets, "Stack"):
        stack = widgets.Stack(views, selected_index=handle.index, layout=layout)
        widgets.jslink((handle, "index"), (stack, "selected_index"))
        return stack
    # ipywidgets 7, as Colab has it: there is a kernel that can change the view
    box = widgets.VBox([views[handle.index]], layout=layout)
    handle.observe(lambda at: setattr(box, "children", [views[at["new"]]]), "index")
    return box


def _live(handle, views, zoom, compute, controls) -> widgets.VBox:
    """The controls and the line that tells how a computation went."""
    message = widgets.HTML()
    values = [value for _, value in handle.options]
    stale = set()

    def refresh(_=None):
        i = handle.index
        if i not in stale:
            return
        message.value = "computing …"
        try:
            arguments = {name: control.value for name, control in controls.items()}
            views[i].value = _html(compute(values[i], **arguments), zoom)
        except Exception as error:  # whatever it is, the reader has to see it
            line = " ".join(f"{type(error).__name__}: {error}".split())
            message.value = f'<span role="alert">{escape(line)}</span>'
        else:
            stale.discard(i)
            message.value = ""

    def changed(_):
        handle.continuous_update = False  # compute where the slider comes to rest
        stale.update(range(len(views)))
        for view in views:
            view.value = "<p>not computed yet</p>"
        refresh()

    handle.observe(refresh, "index")
    for control in controls.values():
        control.observe(changed, "value")
    box = widgets.VBox([*controls.values(), message])
    box.add_class("semlib-needs-kernel")
    return box


def _html(frame: Frame, zoom: float) -> str:
    """A frame as HTML that needs no other file."""
    if not isinstance(frame, Frame):
        raise ValueError(f"compute must return a Frame, not {type(frame).__name__}")
    if not frame.alt.strip():
        raise ValueError(f"frame {frame.value}: the picture needs alternative text (alt)")
    try:
        data, kind, width, height = _encoded(frame.picture)
    except (ValueError, OSError) as error:
        raise ValueError(f"frame {frame.value}: {error}") from error
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    numbers = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(number)}</dd></div>"
        for name, number in frame.numbers.items()
    )
    return (
        f'<div class="semlib-frame {_NO_MATH}">'
        f'<img class="dark-light" src="{source}" alt="{escape(frame.alt)}" '
        f'width="{width}" height="{height}" style="width:{width * zoom:.0f}px">'
        + (f"<dl>{numbers}</dl>" if numbers else "")
        + (f'<div class="semlib-caption">{frame.caption}</div>' if frame.caption else "")
        + "</div>"
    )


def _encoded(picture: np.ndarray | bytes) -> tuple[bytes, str, int, int]:
    """(file, its kind, width, height); an array as the smaller of WebP and PNG."""
    if isinstance(picture, bytes):
        with Image.open(io.BytesIO(picture)) as image:
            kind = (image.format or "").lower()
            width, height = image.size
        if kind not in ("png", "jpeg", "gif", "webp", "avif"):
            raise ValueError(f"browsers do not show {kind.upper()} files")
        return picture, kind, width, height

    array = np.asarray(picture)
    grey, colour = array.ndim == 2, array.ndim == 3 and array.shape[2] == 3
    if not (grey or colour) or not array.size:
        raise ValueError(f"a picture is H×W or H×W×3, not {array.shape}")
    if array.dtype.kind == "f":
        if not (array.min() >= 0 and array.max() <= 1):  # false for NaN as well
            raise ValueError("a float picture has values in [0, 1]")
        array = np.round(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ValueError(f"a picture is uint8 or float, not {array.dtype}")
    drawn = Image.fromarray(array)
    files = []
    for kind, options in (
        ("webp", {"lossless": True}),
        ("png", {"optimize": True}),
    ):
        buffer = io.BytesIO()
        drawn.save(buffer, kind, **options)
        files.append((buffer.getvalue(), kind))
    data, kind = min(files, key=lambda file: len(file[0]))
    return data, kind, drawn.width, drawn.height
