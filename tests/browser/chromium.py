"""Chromium without a window: how a page looks, behaves and what it asks of the network."""

import json
import shutil
import time
from urllib.parse import urlsplit

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OFFLINE = {"file", "data", "blob", "chrome", "about"}  # schemes that leave nothing behind and ask nothing of anyone
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--force-color-profile=srgb",
)
DESKTOP, PHONE = (1200, 900), (390, 844)  # pixels


def found():
    """Where the browser and its driver are; what is missing is None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None), shutil.which("chromedriver")


def started(profile):
    """A browser of our own, with nobody's settings."""
    chromium, driver = found()
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=Service(executable_path=driver))


def show(browser, path, **look):
    """Open a page from disk, see `show_address`."""
    show_address(browser, path.resolve().as_uri(), **look)


def show_address(browser, address, *, dark=False, phone=False, size=None):
    """Open a page, in light or dark, on a desk, a phone or in a window of `size`; forget what was before it."""
    width, height = size or (PHONE if phone else DESKTOP)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
    browser.get("about:blank")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": phone})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    requests_made(browser), console_errors(browser)
    browser.get(address)


def console_errors(browser):
    """What the page complained of since it was last asked: errors, warnings and exceptions."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def requests_made(browser):
    """Addresses that would leave this machine, asked for since it was last asked."""
    seen = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in seen if one["method"] == "Network.requestWillBeSent"]
    asked += [one["params"]["url"] for one in seen if one["method"] == "Network.webSocketCreated"]
    return [address for address in asked if urlsplit(address).scheme not in OFFLINE]


def too_wide(browser):
    """By how many pixels the page is wider than the window."""
    return browser.execute_script("const all = document.documentElement; return all.scrollWidth - all.clientWidth")


def until(question, seconds=5):
    """Ask again and again until the answer is yes, and return it; the last answer is returned if it never is."""
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer
