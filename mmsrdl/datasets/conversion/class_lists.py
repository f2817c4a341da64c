"""Class names for a conversion: given, or collected from the labels."""

from collections.abc import Sequence

from mmsrdl.structures.class_names import describe_unknown


def index_labels(
    rows: Sequence[tuple[str, Sequence[str]]],
    classes: Sequence[str] | None = None,
) -> tuple[tuple[str, ...], list[list[int]]]:
    """Turn names of labels into class indices.

    Args:
        rows (Sequence[tuple[str, Sequence[str]]]): Where an image's labels
            come from, for error messages, and their names.
        classes (Sequence[str], optional): The C classes. By default those
            that occur, sorted.

    Returns:
        tuple[tuple[str, ...], list[list[int]]]: Class names, and the sorted
        indices of each row.

    Raises:
        ValueError: If a name is not among the classes, or there is none.
    """
    if classes is None:
        classes = sorted({name for _, names in rows for name in names})
        if not classes:
            raise ValueError('There is no label at all.')
    index = {name: i for i, name in enumerate(classes)}
    unknown = {}
    for where, names in rows:
        for name in names:
            if name not in index:
                unknown.setdefault(name, where)
    if unknown:
        first = next(iter(unknown.values()))
        raise ValueError(
            f'{first}: labels that are not among the {len(classes)} classes: '
            f'{describe_unknown(list(unknown)[:10], list(classes))}.'
        )
    return (
        tuple(classes),
        [sorted({index[name] for name in names}) for _, names in rows],
    )
