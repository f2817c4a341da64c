import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import torch
from browser import console_errors, external_requests, resize_page

from mmsrdl.analysis import Analysis, analyse_dump, write_report

from .conftest import CLASSES


class Page(HTMLParser):
    """The tags of a page, its addresses and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith('on'), name
            if name in ('src', 'href'):
                self.addresses.append(value)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def path(dump, tmp_path):
    return write_report(
        tmp_path / 'deep/report.html', dump, analyse_dump(dump)
    )


def test_page(path, dump):
    text = path.read_text('utf-8')
    page = Page(text)
    # One script, ours: names of classes, files and images are text.
    assert page.tags.count('script') == 1
    assert 'i' not in page.tags
    for name in CLASSES:
        assert name in page.texts
    for value in (
        dump.record['config'],
        dump.record['checkpoint'],
        'type MultiLabelJson, data_root <i>data</i>',
        'torch 2.15',
    ):
        assert value in page.texts
    for address in page.addresses:
        assert address.startswith(('#', 'data:'))
    # Nor does the style ask for anything.
    assert not re.search(r'url\(|@import|https?://', text)
    assert "default-src 'none'" in text
    assert path.stat().st_size < 2e6


def test_page_in_a_browser(path, browser):
    resize_page(browser, 1200, 900)
    browser.get(path.as_uri())
    sizes = browser.execute_script(
        'return [...document.images].map(i => [i.complete, i.naturalWidth])'
    )
    # 7 figures, and the 24 hardest images of which every second one is gone
    assert len(sizes) > 7
    assert all(complete and width > 0 for complete, width in sizes)
    gone = browser.find_elements('class name', 'gone')
    assert len(gone) + len(sizes) == 7 + 24 and gone

    def column(index):
        cells = browser.find_elements(
            'css selector', f'#classes tbody td:nth-child({index})'
        )
        return [cell.text for cell in cells if cell.is_displayed()]

    table = browser.find_element('css selector', 'table#classes')
    headings = table.find_elements('tag name', 'th')
    assert column(1) == list(CLASSES)
    assert headings[1].text.startswith('AP')
    button = headings[1].find_element('tag name', 'button')
    values = sorted(float(ap) for ap in column(2) if ap != '–')
    button.click()
    assert headings[1].get_attribute('aria-sort') == 'descending'
    assert column(2) == [f'{ap:.2f}' for ap in values[::-1]] + ['–']
    button.click()
    assert headings[1].get_attribute('aria-sort') == 'ascending'
    assert column(2) == [f'{ap:.2f}' for ap in values] + ['–']
    headings[0].find_element('tag name', 'button').click()
    assert column(1)[0] == sorted(CLASSES, key=str.lower)[-1] == '猫'

    field = browser.find_element(
        'css selector', 'input[data-table=hardest_images]'
    )
    field.send_keys('<B>7.PNG')
    shown = browser.find_elements('css selector', '#hardest_images tbody tr')
    texts = [row.text for row in shown if row.is_displayed()]
    assert len(texts) == 1 and '<b>7.png' in texts[0]

    picture = browser.find_element('css selector', '.picture')
    picture.click()
    assert 'full' in picture.get_attribute('class')

    resize_page(browser, 390, 844)
    assert browser.execute_script(
        'const page = document.documentElement;'
        'return page.scrollWidth <= page.clientWidth'
    )
    # Wide parts scroll within their boxes.
    assert browser.execute_script(
        'return [...document.querySelectorAll(".scroll")]'
        '.some(box => box.scrollWidth > box.clientWidth)'
    )
    assert console_errors(browser) == []
    assert external_requests(browser) == []
    assert browser.title == 'Multi-label predictions: dump.pkl'


def test_no_script_but_its_own_runs(path, browser):
    """Should escaping fail some day, the browser would still refuse."""
    text = path.read_text('utf-8')
    path.write_text(
        text.replace(
            '</body>', '<script>document.title = "ha"</script></body>'
        )
    )
    browser.get(path.as_uri())
    assert browser.title == 'Multi-label predictions: dump.pkl'
    assert 'Content Security Policy' in console_errors(browser)[0]


def test_tables_of_classes_are_whole(dump, tmp_path):
    """Others end after their best 200 rows, these are not ranked."""
    rows = {'label': [f'row {i}' for i in range(250)]}
    text = write_report(
        tmp_path / 'many.html',
        replace(
            dump,
            classes=tuple(rows['label']),
            scores=torch.rand(4, 250),
            targets=torch.ones(4, 250, dtype=torch.int8),
            paths=dump.paths[:4],
        ),
        [Analysis('classes', 'Classes', [], {'classes': rows}, {})],
    ).read_text('utf-8')
    assert 'row 249' in text
    text = write_report(
        tmp_path / 'few.html',
        dump,
        [Analysis('pairs', 'Pairs', [], {'pairs': rows}, {})],
    ).read_text('utf-8')
    assert 'row 199' in text and 'row 200' not in text
