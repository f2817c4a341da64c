"""Code blocks and links of the pages in Markdown, and tiny data for them."""

import re
import shlex
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[1]


class Page:
    """A page of the documentation.

    Args:
        path (str): Relative to the repository.
    """

    def __init__(self, path):
        self.path = ROOT / path
        self.text = self.path.read_text('utf-8')

    def blocks(self, language):
        """The code blocks in a language."""
        return re.findall(rf'```{language}\n(.*?)```', self.text, re.DOTALL)

    def commands(self):
        """The lines of the bash blocks, without comments and empty ones."""
        for block in self.blocks('bash'):
            for line in block.replace('\\\n', ' ').splitlines():
                if shlex.split(line, comments=True):
                    yield re.sub(r'\s+#.*', '', line)

    def prose(self):
        """The text without its code blocks."""
        return re.sub(r'^```.*?^```', '', self.text, flags=re.M | re.S)

    def links(self):
        """What the page links to or shows, in its order."""
        return re.findall(r'\]\(([^)]+)\)', self.prose())

    def headings(self):
        """Levels and texts of the headings."""
        return re.findall(r'^(#+) (.*)', self.prose(), re.M)

    def anchors(self):
        """The fragments by which the headings can be linked, as on GitHub."""
        texts = (text.lower() for _, text in self.headings())
        return [re.sub(r'[^\w\- ]', '', t).replace(' ', '-') for t in texts]


def link_checkout(folder):
    """Show what commands need of this checkout in another folder."""
    for name in ('tools', 'configs', 'mmsrdl'):
        (folder / name).symlink_to(ROOT / name)


def write(path, text):
    """Write a file, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_image(path):
    """Write a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    cv2.imwrite(str(path), image)
