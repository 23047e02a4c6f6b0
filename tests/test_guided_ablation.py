"""The guided network without its parts, in small."""

from functools import partial

import numpy as np
import pytest

from semlib import data, zoo
from semlib.experiments import checkpoints, end_to_end, guided_ablation

pytestmark = pytest.mark.slow


def test_the_ablation(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(
        guided_ablation,
        "VARIANTS",
        {name: guided_ablation.VARIANTS[name] for name in ("guided", "image", "alone")},
    )
    result = guided_ablation.run(tmp_path / "runs", 2, 2, "smoke")
    rows = result["variants"]
    assert list(rows) == ["first", "guided", "image", "alone"]
    for reader in ("english_g2", "PP-OCRv6"):
        assert rows["first"][f"{reader} accuracy"][0] > 0.5
        assert rows["guided"]["changes"][reader]["letters"] > 50
    # two steps change little, but without D1 nothing can be read
    assert rows["alone"]["PP-OCRv6 accuracy"][0] < 0.3
    lost = rows["alone"]["gains"]["PP-OCRv6 accuracy"][0]
    assert lost == pytest.approx(
        rows["alone"]["PP-OCRv6 accuracy"][0] - rows["first"]["PP-OCRv6 accuracy"][0],
        abs=2e-4,
    )
    shown = checkpoints.run([tmp_path / "runs" / "guided"], 2, folder=tmp_path / "kept")
    assert [step["step"] for step in shown["steps"]] == [0, 2]
    # at first D2 changes nothing
    first, _ = zoo.load_restorer("dncnn")
    alone = [
        end_to_end.score(patch, partial(end_to_end.repaired, first))["psnr"]
        for patch in data.BookPatches("test", 2).firsts()
    ]
    assert shown["steps"][0]["psnr"][0] == pytest.approx(np.mean(alone), abs=1e-3)
