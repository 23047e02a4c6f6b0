"""The command line: ``semlib degrade``, ``read``, ``compress``, ``train`` …"""

import inspect
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from typer.core import TyperGroup

from . import __version__
from .images import InputError, open_image, replace_file, to_image, to_tensor

app = typer.Typer(help="Text-aware image compression: the tools behind the book.",
                  no_args_is_help=True, add_completion=False,
                  invoke_without_command=True, pretty_exceptions_enable=False)
train = typer.Typer(help="Train what the chapters use.", no_args_is_help=True)
app.add_typer(train, name="train")



@app.callback()
def _app(version: Annotated[bool, typer.Option("--version", help="Say which version "
                                               "this is.", is_eager=True)] = False):
    if version:
        print(f"semlib {__version__}")
        raise typer.Exit


# what was typed wrongly, of which class the name depends on Typer's version
UsageError = typer.BadParameter.__mro__[2]


class Evaluate(TyperGroup):
    """A command for each experiment, made when it is asked for."""

    def list_commands(self, context) -> list[str]:
        from .experiments import EXPERIMENTS

        return list(EXPERIMENTS)

    def get_command(self, context, name: str):
        from .experiments import EXPERIMENTS

        return _command(EXPERIMENTS[name]) if name in EXPERIMENTS else None


evaluate = typer.Typer(help="Measure what the chapters report.", no_args_is_help=True,
                       cls=Evaluate)
app.add_typer(evaluate, name="evaluate")

Picture = Annotated[Path, typer.Argument(help="A picture file.", show_default=False)]
Bitstream = Annotated[Path, typer.Argument(help="A .sem file.", show_default=False)]


@app.command()
def degrade(picture: Picture,
            output: Annotated[Path, typer.Argument(help="The JPEG file to write.",
                                                   show_default=False)],
            quality: Annotated[int, typer.Option(help="JPEG's, 1 to 100.")] = 1,
            scale: Annotated[float, typer.Option(help="Above 0, at most 1.")] = 1.0):
    """Reduce a picture and compress it as JPEG."""
    from . import data
    from .metrics import bits_per_pixel

    if output.suffix.lower() not in (".jpg", ".jpeg"):
        raise InputError(f"{output}: the output is a JPEG file, name it .jpg")
    image, file = data.degrade(open_image(picture), quality=quality, scale=scale)
    with replace_file(output) as out:
        out.write(file)
    height, width = image.shape[:2]
    bits = bits_per_pixel(file, width * height)
    scan = bits_per_pixel(data.jpeg_scan(file), width * height)
    print(f"{output}: {width} × {height} pixels, {len(file)} bytes, "
          f"{bits:.3f} bits per pixel ({scan:.3f} without the header)")


@app.command()
def read(picture: Picture,
         as_json: Annotated[bool, typer.Option("--json",
                                               help="Words with their boxes.")] = False):
    """Find the words in a picture and read them."""
    from .ocr import PageReader

    image = to_tensor(open_image(picture))
    reading = PageReader().read(image[None])[0]
    if as_json:
        lines = [[{"text": word.text, "box": word.box} for word in line]
                 for line in reading.lines]
        print(json.dumps({"text": reading.text, "lines": lines}, ensure_ascii=False))
    else:
        print(reading.text)


@app.command()
def compress(picture: Picture,
             output: Annotated[Path, typer.Argument(help="The .sem file to write.",
                                                    show_default=False)],
             codec: Annotated[str, typer.Option(help="tinylic, hyperprior or tfic.")
                              ] = "tinylic",
             rate: Annotated[float, typer.Option(help="0 to 7, not only whole.")] = 3):
    """Compress a picture with a learned codec."""
    from . import codec as codecs
    from . import zoo
    from .metrics import bits_per_pixel

    model, weights = zoo.load(codec)
    x = to_tensor(open_image(picture).convert("RGB"))[None]
    data = codecs.compress(model, weights, x, rate)
    with replace_file(output) as out:
        out.write(data)
    height, width = x.shape[-2:]
    print(f"{output}: {width} × {height} pixels, {len(data)} bytes, "
          f"{bits_per_pixel(data, width * height):.3f} bits per pixel")


@app.command()
def decompress(file: Bitstream,
               output: Annotated[Path, typer.Argument(help="The picture to write.",
                                                      show_default=False)]):
    """Make the picture from a .sem file."""
    from . import codec as codecs
    from . import zoo

    kind = _format(output)
    data = _read(file)
    model, weights = zoo.load(zoo.find(codecs.read_header(data).weights))
    image = to_image(codecs.decompress(model, weights, data)[0])
    with replace_file(output) as out:
        image.save(out, kind)
    print(f"{output}: {image.width} × {image.height} pixels")


@app.command()
def restore(picture: Picture,
            output: Annotated[Path, typer.Argument(help="The picture to write.",
                                                   show_default=False)],
            model: Annotated[str, typer.Option(help="residual, dncnn or guided.")
                             ] = "residual",
            caution: Annotated[float, typer.Option(
                help="With guided: change a word only where a recognizer's odds that "
                     "it reads it rightly get so many times better.")] = 0):
    """Repair a page that JPEG has ruined, of any size."""
    from . import zoo
    from .restore import OCRGuided, restore_picture

    kind = _format(output)
    if not caution >= 0:
        raise InputError(f"--caution must be 0 or more, not {caution}")
    network, _ = zoo.load_restorer(model)
    if isinstance(network, OCRGuided):
        network.caution = caution
    elif caution:
        raise InputError(f"{model} has no second network to be cautious with")
    image, wrong = restore_picture(network, picture, progress=sys.stderr.isatty())
    with replace_file(output) as out:
        image.save(out, kind)
    print(f"{output}: {image.width} × {image.height} pixels, "
          + ("held to nothing, as the file says nothing of luminance" if wrong is None
             else "contradicts nothing that the file says" if not wrong else
             f"contradicts the file in {wrong:.1%} of its blocks"))


def _format(output: Path) -> str:
    """The picture format that a file's name asks for."""
    kind = Image.registered_extensions().get(output.suffix.lower())
    if kind not in Image.SAVE:
        raise InputError(f"{output}: name it after a picture format, such as .png")
    return kind


@app.command()
def info(file: Bitstream):
    """Say what a .sem file holds."""
    from .codec import read_header
    from .metrics import bits_per_pixel

    data = _read(file)
    h = read_header(data)
    print(f"{file}: {h.width} × {h.height} pixels, {h.codec} at rate {h.rate:g}, "
          f"weights {h.weights}, {len(data)} bytes, "
          f"{bits_per_pixel(data, h.width * h.height):.3f} bits per pixel")


def _read(file: Path) -> bytes:
    """A small file's bytes."""
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    if file.stat().st_size > 100_000_000:
        raise InputError(f"{file}: too large for a .sem file")
    return file.read_bytes()


@app.command()
def export(recipe: Annotated[str, typer.Argument(help="As in semlib train.",
                                                 show_default=False)],
           checkpoint: Annotated[Path, typer.Argument(help="checkpoint.pt of a run.",
                                                      show_default=False)],
           name: Annotated[str, typer.Argument(help="What to call the weights.",
                                               show_default=False)]):
    """Make the shipped weights and their card from a training run."""
    from . import training

    known = training.export(recipe, checkpoint, name)
    print(f"{name}: {known['steps']} steps, SHA-256 {known['sha256']}")


Preset = Annotated[str, typer.Option(help="smoke, cpu, paper, …")]
Resume = Annotated[bool, typer.Option(help="Go on from the checkpoint.")]
Folder = Annotated[Path | None, typer.Option(help="Where to keep it.",
                                             show_default="runs/RECIPE-PRESET")]
Output = Annotated[Path, typer.Option("--json", help="Where to write; - for standard "
                                      "output.")]


@train.callback()
def _train():
    """Train what the chapters use."""


@train.command("codec")
def train_codec(preset: Preset = "cpu", resume: Resume = False,
                folder: Folder = None):
    """Chapter 3: the transformer codec, stage 1, at all rates at once."""
    from .training import CodecRecipe

    _train_recipe("codec", CodecRecipe, preset, resume, folder)


@train.command("hyperprior")
def train_hyperprior(preset: Preset = "cpu", resume: Resume = False,
                     folder: Folder = None):
    """Chapter 2: the scale hyperprior, at all rates at once."""
    from .training import HyperpriorRecipe

    _train_recipe("hyperprior", HyperpriorRecipe, preset, resume, folder)


@train.command("tfic")
def train_tfic(reader: Annotated[str, typer.Option(
                   help="easyocr, trba or both.")] = "easyocr",
               preset: Preset = "cpu", resume: Resume = False, folder: Folder = None):
    """Chapter 5: stage 2, the codec that keeps text, at all rates at once."""
    from .training import TFICRecipe

    _train_recipe("tfic", TFICRecipe, preset, resume,
                  folder or Path("runs") / f"tfic-{reader}-{preset}", reader=reader)


@train.command("reader")
def train_reader(preset: Preset = "cpu", resume: Resume = False,
                 folder: Folder = None):
    """Chapter 4: a four-stage reader, TPS-ResNet-BiLSTM-Attn."""
    from .training import ReaderRecipe

    _train_recipe("reader", ReaderRecipe, preset, resume, folder)


@train.command("dncnn")
def train_dncnn(preset: Preset = "cpu",
                weight: Annotated[float, typer.Option(
                    "--lambda", help="Of the MSE; the rest is the DCT loss's.")] = 0.8,
                resume: Resume = False, folder: Folder = None):
    """Chapter 8: DnCNN, which repairs pages after JPEG at its worst."""
    from .training import DnCNNRecipe

    if not 0 <= weight <= 1:
        raise InputError(f"--lambda must be between 0 and 1, not {weight}")
    _train_recipe("dncnn", DnCNNRecipe, preset, resume, folder, **{"lambda": weight})


@train.command("residual")
def train_residual(preset: Preset = "cpu", resume: Resume = False,
                   folder: Folder = None):
    """Chapter 8: a network that sees further, on pages laid out as books are."""
    from .training import ResidualRecipe

    _train_recipe("residual", ResidualRecipe, preset, resume, folder)


@train.command("blind")
def train_blind(preset: Preset = "cpu", resume: Resume = False, folder: Folder = None):
    """Chapter 8: the same for what people have, print of any size, any quality."""
    from .training import BlindRecipe

    _train_recipe("blind", BlindRecipe, preset, resume, folder)


@train.command("guided")
def train_guided(reader: Annotated[str, typer.Option(
                     help="easyocr, trba, both or none.")] = "easyocr",
                 preset: Preset = "cpu", resume: Resume = False,
                 folder: Folder = None):
    """Chapter 9: the second network, which repairs words for a reader."""
    from .training import GuidedRecipe

    _train_recipe("guided", GuidedRecipe, preset, resume,
                  folder or Path("runs") / f"guided-{reader}-{preset}", reader=reader)


def _train_recipe(name: str, recipe, preset: str, resume: bool, folder: Path | None,
                  **chosen):
    from . import training

    training.train(recipe({**training.preset(name, preset), **chosen}),
                   folder or Path("runs") / f"{name}-{preset}", resume=resume)


@evaluate.callback()
def _evaluate():
    """Measure what the chapters report."""


def _command(experiment):
    """An experiment as a command: what its `run` takes, and where to write."""
    def run(output: Path, **given):
        from .experiments import results

        if output != Path("-"):  # before the work
            results.check(output)
        found = experiment.measure(**given)
        if output == Path("-"):
            print(json.dumps(found, indent=1))
        else:
            results.save(output, found)

    meaning, parameters = experiment.help(), []
    for name, parameter in experiment.options().items():
        required = parameter.default is parameter.empty
        kind = (typer.Argument if required else typer.Option)(help=meaning[name])
        default = list(parameter.default) if parameter.default == () else \
            parameter.default
        parameters.append(parameter.replace(
            kind=parameter.KEYWORD_ONLY, default=default,
            annotation=Annotated[parameter.annotation, kind]))
    last = inspect.Parameter("output", inspect.Parameter.KEYWORD_ONLY,
                             default=Path("-"), annotation=Output)
    run.__signature__ = inspect.Signature([*parameters, last])
    alone = typer.Typer(add_completion=False)
    alone.command(experiment.name, help=f"Chapter {experiment.chapter}: "
                  f"{experiment.question} About {experiment.minutes} minutes on two "
                  "cores.")(run)
    return typer.main.get_command(alone)


def main() -> None:
    """Run a command; what the user got wrong is one line and exit status 2."""
    try:
        status = app(standalone_mode=False)
    except InputError as error:
        status = str(error)
    except typer.Abort:
        sys.exit(130)
    except UsageError as error:
        status = error.format_message()
    except ModuleNotFoundError as error:
        package = error.name.partition(".")[0].replace("_", "-")
        status = f"a package is missing: pip install --no-deps {package}"
    if isinstance(status, str):
        if status:  # empty where Typer has just printed the help
            print("semlib: " + " ".join(status.split()), file=sys.stderr)
        status = 2
    sys.exit(status)
