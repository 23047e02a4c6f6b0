"""Which restorer a picture is for, by what its file denies."""

import numpy as np
import pytest
import torch
from PIL import Image

from semlib import cli, data, zoo
from semlib.compat import package_folder
from semlib.data.jpeg import Luminance
from semlib.experiments.end_to_end import luminance
from semlib.images import to_tensor
from semlib.restore import Restorer, choose, denied, quantize
from semlib.restore.choose import DENIED, WINDOW, WINDOWS, _windows

pytestmark = pytest.mark.slow


TABLE = torch.tensor(data.quantization_table(1))


class Says(Restorer):
    """A restorer that says the same of every picture."""

    reach, factor, unclipped = 0, 8, True

    def __init__(self, result: torch.Tensor):
        super().__init__()
        self.result = result

    def forward(self, x):
        return self.result


@pytest.fixture(scope="module")
def networks():
    return [zoo.load_restorer(name)[0] for name in zoo.DEFAULTS]


@pytest.fixture(scope="module")
def photograph():
    image = Image.open(package_folder("trdg") / "images" / "containers.jpg")
    return np.asarray(image.convert("L").reduce(2))[:300, :400]


def pages(count=4, **options):
    return [
        patch.image for patch in data.spread_book_patches("validation", count, **options)
    ]


def test_the_truth_is_denied_nothing_and_a_lie_much():
    clean = torch.stack([to_tensor(image) for image in pages(1)])
    file = quantize(clean, TABLE)
    assert denied(Says(clean), file, TABLE) < 1e-3
    assert denied(Says(file.clamp(0, 1)), file, TABLE) == 0  # nothing is changed
    lie = denied(Says(1 - clean), file, TABLE)
    assert 0.1 < lie <= 1


def test_each_kind_of_print_has_its_network(networks):
    sharp, blind = networks

    def chosen(quality, **options):
        files = [data.jpeg_bytes(image, quality) for image in pages(**options)]
        return [choose(networks, luminance(file)) for file in files]

    assert chosen(1).count(sharp) >= 3
    assert chosen(5, x_height=9) == [blind] * 4
    assert chosen(95) == [None] * 4  # needs no repair


def test_what_is_no_print_is_left_alone(
    networks, photograph, tmp_path, monkeypatch, capsys
):
    """None of these pictures was there when the limit was chosen."""
    for quality in (1, 5, 20, 60):
        assert not choose(networks, luminance(data.jpeg_bytes(photograph, quality)))
    dark = 255 - pages(1, x_height=8)[0]
    assert not choose(networks, luminance(data.jpeg_bytes(dark, 1)))

    path, out = tmp_path / "street.jpg", tmp_path / "out.png"
    path.write_bytes(data.jpeg_bytes(photograph, 5))
    monkeypatch.setattr("sys.argv", ["semlib", "restore", str(path), str(out)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code and "left as it is" in capsys.readouterr().out
    assert np.array_equal(np.asarray(Image.open(out)), np.asarray(Image.open(path)))


def test_a_page_is_repaired_by_what_the_file_chose(
    networks, tmp_path, monkeypatch, capsys
):
    image = data.make_book_page(3, "test", x_height=9).reduced()[60:265, 20:321]
    path, out, other = (tmp_path / name for name in ("a.jpg", "out.png", "other.png"))
    path.write_bytes(data.jpeg_bytes(image, 5))
    for to, more in ((out, []), (other, ["--model", "blind"])):
        monkeypatch.setattr("sys.argv", ["semlib", "restore", str(path), str(to), *more])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        assert "contradicts nothing" in capsys.readouterr().out
    assert out.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("shape", [(64, 256), (1000, 1032), (3000, 4000), (80, 5000)])
def test_large_pictures_are_seen_in_parts(shape):
    pixels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    parts = _windows(Luminance(pixels, np.ones((8, 8)), (slice(0), slice(0))))
    assert 1 <= len(parts) <= WINDOWS**2 and len({part.shape for part in parts}) == 1
    corners = np.array([divmod(int(part[0, 0, 0]), shape[1]) for part in parts])
    assert (corners % 8 == 0).all() and len({tuple(corner) for corner in corners}) > 0
    for axis, side in enumerate(shape):
        whole = side <= WINDOW * WINDOWS
        assert parts[0].shape[axis + 1] == (side if whole else WINDOW)
        if not whole:  # from one end to the other
            assert corners[:, axis].min() == 0
            assert corners[:, axis].max() > side - WINDOW - 8


def test_the_limit_lies_between(networks):
    """In the middle of a wide gap, on validation pages."""
    blind = networks[1]
    known = denied(
        blind, quantize(torch.stack([to_tensor(x) for x in pages()]), TABLE), TABLE
    )
    strange = denied(
        blind, quantize(torch.stack([to_tensor(255 - x) for x in pages()]), TABLE), TABLE
    )
    assert 3 * known < DENIED < strange / 3
