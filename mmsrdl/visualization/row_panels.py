"""How panels whose rows have names look."""

from collections.abc import Sequence

from matplotlib.axes import Axes


def dress_panel(panel: Axes, title: str) -> None:
    """Give a panel of rows its title, and lines to read values by.

    Args:
        panel (Axes): Values along x, a row for each name along y.
        title (str): What the values are.
    """
    panel.set_title(title, fontsize=9, loc='left')
    panel.tick_params(axis='x', labelsize=8)
    panel.grid(axis='x', color='0.9')
    panel.set_axisbelow(True)
    panel.spines[['top', 'right']].set_visible(False)


def name_rows(
    panel: Axes, names: Sequence[str], places: Sequence[float] | None = None
) -> None:
    """Write names beside the rows of a panel.

    Args:
        panel (Axes): The panel.
        names (Sequence[str]): M names, in which ``$`` may stand.
        places (Sequence[float], optional): Of them along y, (M,). Defaults
            to None, 0 to M - 1.
    """
    places = range(len(names)) if places is None else places
    panel.set_yticks(places, names, fontsize=9)
    for text in panel.get_yticklabels():
        text.set_parse_math(False)
