"""The list of images that a data set leaves out."""

import logging
import os.path as osp
from collections.abc import Mapping

from mmengine.logging import MMLogger


class SkipList:
    """A text file of images that were left out, a tab, and why.

    Args:
        path (str, optional): The file, which is made when there is something
            to list and never emptied. Defaults to None: none.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path

    @classmethod
    def of_run(cls, name: str) -> 'SkipList':
        """The list ``name`` beside the log file of the run, if there is one.

        To be called in the main process: others have no logger.
        """
        for handler in MMLogger.get_current_instance().handlers:
            if isinstance(handler, logging.FileHandler):
                return cls(osp.join(osp.dirname(handler.baseFilename), name))
        return cls(None)

    def add(self, reasons: Mapping[str, str]) -> str:
        """List images that are not listed yet.

        Args:
            reasons (Mapping[str, str]): Why each image was left out.

        Returns:
            str: Where to find the list, for a log message.
        """
        if self.path is None:
            return ''
        lines = [
            f'{image}\t{" ".join(reason.split())}\n'
            for image, reason in reasons.items()
        ]
        known = set()
        if osp.isfile(self.path):
            with open(self.path, encoding='utf-8') as file:
                known = set(file)
        with open(
            self.path, 'a', encoding='utf-8', errors='backslashreplace'
        ) as file:
            file.writelines(line for line in lines if line not in known)
        return f' Listed in {self.path!r}.'
