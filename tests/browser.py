"""Chromium without a window, for tests of pages."""

import json
import shutil
from urllib.parse import urlsplit

_FLAGS = (
    'headless',
    'no-sandbox',
    'disable-gpu',
    'disable-quic',
    'no-first-run',
    'disable-background-networking',
    'disable-component-update',
    'disable-sync',
)
_LOCAL = {'', '127.0.0.1', 'localhost'}


def find_obstacle() -> str | None:
    """Say what a test of a page lacks, None if there is all of it."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return 'needs the package selenium'
    for program in ('chromium', 'chromedriver'):
        if shutil.which(program) is None:
            return f'needs the program {program}'
    return None


def open_browser(profile):
    """Start Chromium.

    Args:
        profile (Path): Folder for what it keeps, new.

    Returns:
        selenium.webdriver.Chrome: To be ended by ``quit``.
    """
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = shutil.which('chromium')
    for flag in _FLAGS:
        options.add_argument(f'--{flag}')
    options.add_argument(f'--user-data-dir={profile}')
    options.set_capability(
        'goog:loggingPrefs', dict(browser='ALL', performance='ALL')
    )
    return Chrome(options, Service(shutil.which('chromedriver')))


def resize_page(driver, width, height):
    """Show pages in this many pixels; a window cannot be that narrow."""
    driver.execute_cdp_cmd(
        'Emulation.setDeviceMetricsOverride',
        dict(width=width, height=height, deviceScaleFactor=1, mobile=False),
    )


def console_errors(driver) -> list[str]:
    """Return the errors that pages wrote since the last call."""
    return [
        entry['message']
        for entry in driver.get_log('browser')
        if entry['level'] == 'SEVERE'
    ]


def external_requests(driver) -> list[str]:
    """Return the addresses on other machines that pages asked for."""
    messages = [
        json.loads(entry['message'])['message']
        for entry in driver.get_log('performance')
    ]
    addresses = [
        message['params']['request']['url']
        for message in messages
        if message['method'] == 'Network.requestWillBeSent'
    ]
    return [
        address
        for address in addresses
        if urlsplit(address).scheme not in ('data', 'blob', 'file', 'chrome')
        and urlsplit(address).hostname not in _LOCAL
    ]
