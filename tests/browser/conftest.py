"""A browser for all tests of this folder."""

import os

import pytest

from tests.browser.chromium import found, started


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium without a window; where CI is set it cannot be missing."""
    if None in found():
        missing = "Chromium and chromedriver are needed (Debian: apt-get install chromium chromium-driver)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    driver = started(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()
