"""What axe-core finds on the built pages: nothing serious, nothing critical, at the width
of a desk and of a phone, in light and in dark."""

import pytest
from conftest import ROOT
from test_book import DESK, PAGES, PHONE, browser, html, opened  # noqa: F401

pytestmark = pytest.mark.slow

AXE = ROOT / "tests" / "vendor" / "axe.min.js"
FOUND = """async () => {
  // no preload: it would ask for the styles again, which a page in a folder must not
  const { violations } = await axe.run({ resultTypes: ['violations'], preload: false });
  return violations.filter(v => ['serious', 'critical'].includes(v.impact)).flatMap(v =>
    v.nodes.map(node => `${v.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browser, html, name, size):  # noqa: F811
    assert AXE.exists(), "axe-core is not there: run `make setup`"
    with opened(browser, html.as_uri(), name, size) as page:
        page.add_script_tag(path=AXE)
        for theme in ("light", "dark"):
            page.evaluate("t => document.documentElement.dataset.theme = t", theme)
            page.wait_for_timeout(300)  # colours change slowly
            assert page.evaluate(FOUND) == [], theme
