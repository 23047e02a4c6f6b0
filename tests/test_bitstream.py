"""What a .sem file's header says."""

import zlib

from semlib import codec
from semlib.bitstream import CODECS, Header, read_header


def test_a_header_comes_back():
    for name in CODECS:
        header = Header(name, "01234567", 2.5, 30, 40)
        packed = header.pack()
        packed += zlib.crc32(packed).to_bytes(4, "little")
        assert read_header(packed) == header
    assert set(CODECS) == {codec.TinyLIC.name, codec.ScaleHyperprior.name}
