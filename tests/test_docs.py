"""All pages in Markdown, without a network."""

import re
from urllib.parse import unquote

import pytest
import yaml
from doc_pages import ROOT, Page

from mmsrdl.version import __version__

LANGUAGES = ('README.md', 'README_zh-CN.md')
FOLDERS = ('configs', 'docs', 'mmsrdl', 'projects', 'tests', 'tools')
PAGES = sorted(
    str(path.relative_to(ROOT))
    for paths in (
        ROOT.glob('*.md'),
        *((ROOT / f).rglob('*.md') for f in FOLDERS),
    )
    for path in paths
)


@pytest.mark.parametrize('name', PAGES)
def test_links_lead_somewhere(name):
    """To files that there are, and to headings that they have."""
    page = Page(name)
    for link in page.links():
        if '://' in link or link.startswith('mailto:'):
            continue
        target, _, anchor = unquote(link).partition('#')
        path = page.path.parent / target if target else page.path
        assert path.exists(), f'{name} links to {link}'
        assert path.resolve().is_relative_to(ROOT), link
        if anchor:
            anchors = Page(path.resolve().relative_to(ROOT)).anchors()
            assert anchor in anchors, f'{name} links to {link}: {anchors}'


def outline(page):
    """What is the same in every language."""
    lines = page.text.splitlines()
    return dict(
        headings=[level for level, _ in page.headings()],
        code=re.findall(r'^```.*?^```', page.text, re.M | re.S),
        links=sorted({*page.links()} - {*LANGUAGES}),
        names=sorted(re.findall(r'`[^`\n]+`', page.prose())),
        table_rows=sum(line.startswith('|') for line in lines),
    )


def test_readme_is_the_same_in_both_languages():
    english, chinese = (Page(name) for name in LANGUAGES)
    assert outline(chinese) == outline(english)
    assert 'README.md' in chinese.links()


def test_versions_agree():
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text('utf-8'))
    assert citation['version'] == __version__
    assert f' {__version__}' in Page('CHANGELOG.md').text
