"""The learned codec, its classical peers, and the file that holds a bitstream."""

import warnings

with warnings.catch_warnings():
    # CompressAI still uses it; the warning says nothing to whoever uses a codec.
    warnings.filterwarnings("ignore", "`torch.jit.script`", FutureWarning)

    from ..bitstream import RATES, read_header
    from .container import compress, decompress
    from .hyperprior import ScaleHyperprior
    from .peers import peer
    from .rates import VariableRate
    from .tinylic import TinyLIC

__all__ = [
    "RATES",
    "ScaleHyperprior",
    "TinyLIC",
    "VariableRate",
    "compress",
    "decompress",
    "peer",
    "read_header",
]
