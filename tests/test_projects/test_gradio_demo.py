"""The page to try a model, in a browser."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.request import Request, urlopen

import numpy as np
import pytest
import torch
from browser import (
    console_errors,
    external_requests,
    find_obstacle,
    resize_page,
)
from mmengine.config import Config
from mmpretrain.registry import MODELS
from PIL import Image
from test_engine.tiny import tiny_config

from mmsrdl.apis import MultiLabelInferencer
from mmsrdl.deploy import deploy_onnx

pytest.importorskip(
    'gradio', reason='needs gradio, see tools/_setup_venv.sh gradio'
)
if find_obstacle():
    pytest.skip(find_obstacle(), allow_module_level=True)

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

ROOT = Path(__file__).parents[2]
DEMO = ROOT / 'projects/gradio_demo'
CLASSES = ('<b>fire & hydrant</b>', '猫', 'كلب')
PATIENCE = 300  # seconds, for machines with much else to do

# Lines in a file for each address of another machine that Python calls.
WATCH = """
import os, sys
def watch(event, args):
    if event == 'socket.connect' and isinstance(args[1], tuple):
        if args[1][0] not in ('127.0.0.1', '::1', 'localhost'):
            with open(os.environ['WATCH_FILE'], 'a') as file:
                print(args[1], file=file)
sys.addaudithook(watch)
"""


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """A tiny model that nobody trained, and files for it."""
    folder = tmp_path_factory.mktemp('model')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        cfg = tiny_config(folder, folder / 'work')
    cfg.model.neck.classes = list(CLASSES)
    cfg.test_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(64, 64)),
        dict(type='PackInputs'),
    ]
    cfg.dump(folder / 'tiny.py')
    torch.manual_seed(0)
    built = MODELS.build(cfg.model)
    built.init_weights()
    torch.nn.init.normal_(built.head.classifier.weight, std=2)
    torch.save(
        dict(
            state_dict=built.state_dict(),
            meta=dict(dataset_meta=dict(classes=CLASSES)),
        ),
        folder / 'tiny.pth',
    )
    # Seen upright by its EXIF alone.
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).resize((120, 90), Image.Resampling.BICUBIC)
    exif = image.getexif()
    exif[274] = 6
    image.save(folder / 'photo.jpg', exif=exif)
    (folder / 'broken.jpg').write_bytes(b'no image')
    (folder / 'heavy.jpg').write_bytes(bytes(2**20))
    Image.new('RGB', (2000, 2000)).save(folder / 'huge.png')
    inferencer = MultiLabelInferencer(
        str(folder / 'tiny.py'), folder / 'tiny.pth', device='cpu'
    )
    (result,) = inferencer(str(folder / 'photo.jpg'), thr=0, return_maps=True)
    return SimpleNamespace(
        folder=folder,
        image=folder / 'photo.jpg',
        options=(
            *('--config', folder / 'tiny.py'),
            *('--checkpoint', folder / 'tiny.pth'),
        ),
        scores=dict(
            zip(result['pred_classes'], result['pred_scores'], strict=True)
        ),
    )


@pytest.fixture
def serve(tmp_path, browser):
    """Runs the app, opens its page, and checks what both asked for."""
    (tmp_path / 'sitecustomize.py').write_text(WATCH)
    calls = tmp_path / 'calls'
    log = tmp_path / 'log'
    processes = []

    def run(*options):
        with open(log, 'w') as file:
            process = subprocess.Popen(
                [sys.executable, DEMO / 'app.py', '--device', 'cpu']
                + [str(option) for option in options],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    'PYTHONPATH': str(tmp_path),
                    'WATCH_FILE': str(calls),
                    'GRADIO_TEMP_DIR': str(tmp_path / 'uploads'),
                    'OMP_NUM_THREADS': '1',
                },
            )
        processes.append(process)
        end = time.monotonic() + 3 * PATIENCE
        while not (found := re.search('Open (http://127.+?) ', read(log))):
            assert process.poll() is None, read(log)
            assert time.monotonic() < end, read(log)
            time.sleep(0.2)
        browser.get(found[1])
        return Page(browser)

    yield run
    for process in processes:
        process.terminate()
        process.wait()
    assert not calls.exists(), read(calls)
    assert external_requests(browser) == []
    assert 'Traceback' not in read(log)


def read(path):
    return path.read_text(errors='replace')


class Page:
    """What a visitor does and sees."""

    def __init__(self, browser):
        self.browser = browser

    def wait(self, condition):
        return WebDriverWait(self.browser, PATIENCE).until(
            lambda _: condition()
        )

    def find(self, selector):
        # No element between two states of the page.
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def upload(self, path):
        (field,) = self.wait(lambda: self.find('input[type=file]'))
        field.send_keys(str(path))

    def move_threshold(self, percent):
        (field,) = self.find('#threshold input[type=number]')
        field.send_keys(Keys.CONTROL, 'a')
        field.send_keys(str(percent), Keys.TAB)

    def text(self, selector):
        return self.browser.execute_script(
            'return [...document.querySelectorAll(arguments[0])]'
            '.map(element => element.innerText).join(" ")',
            selector,
        )

    def labels(self):
        rows = self.text('#labels button')
        found = re.findall(r'(\S.*?)\s+(\d+)\s*%', rows)
        return [(name.strip(), int(percent)) for name, percent in found]

    def wait_for_labels(self, expected):
        WebDriverWait(self.browser, PATIENCE).until(
            lambda _: self.labels() == expected,
            f'expected {expected}, see {self.labels()}, '
            f'status: {self.text("#status")}',
        )

    def attention(self):
        """Return the picture of the attention, an array, and its title."""
        script = """
            const image = document.querySelector('#attention img');
            if (!image || !image.complete || !image.naturalWidth) return null;
            const canvas = document.createElement('canvas');
            canvas.width = image.naturalWidth;
            canvas.height = image.naturalHeight;
            canvas.getContext('2d').drawImage(image, 0, 0);
            const data = canvas.getContext('2d').getImageData(
                0, 0, canvas.width, canvas.height).data;
            return [canvas.width, canvas.height, Array.from(data)];
        """
        found = self.wait(lambda: self.browser.execute_script(script))
        width, height, pixels = found
        pixels = np.reshape(pixels, (height, width, 4))
        return pixels, self.text('#attention label')


def percents(scores, thr=0.0):
    return [
        (name, int(100 * score + 0.5))
        for name, score in scores.items()
        if score >= thr
    ]


def errors(browser):
    """Return what went wrong in the page.

    Gradio asks how far an upload is, and writes two errors if it has already
    ended: of a short one, it may.
    """
    return [
        message
        for message in console_errors(browser)
        if 'upload_progress' not in message
        and not re.search(r'/assets/index-.*\.js \S+ Response$', message)
    ]


def assert_not_blank(browser):
    shot = Image.open(io.BytesIO(browser.get_screenshot_as_png()))
    assert len(shot.convert('RGB').getcolors(2**24)) > 500


def test_checkpoint(serve, model, browser):
    page = serve(*model.options, '--thr', '0', '--examples', model.folder)
    page.upload(model.image)
    page.wait_for_labels(percents(model.scores))
    names = list(model.scores)
    first, title = page.attention()
    assert names[0] in title
    assert first.shape[:2] == (120, 90)  # upright
    assert first[..., :3].std() > 10
    assert_not_blank(browser)

    page.find('#labels button')[1].click()
    page.wait(lambda: names[1] in page.text('#attention label'))
    page.wait(lambda: not np.array_equal(page.attention()[0], first))

    between = 50 * sum(sorted(model.scores.values())[:2])
    page.move_threshold(round(between))
    page.wait_for_labels(percents(model.scores, round(between) / 100))
    assert names[1] in page.text('#attention label')
    page.move_threshold(100)
    page.wait(lambda: 'No label reaches' in page.text('#status'))
    assert not page.find('#attention img')

    resize_page(browser, 390, 900)
    width = browser.execute_script('return document.body.scrollWidth')
    assert width <= 390
    assert_not_blank(browser)
    assert errors(browser) == []


def test_exported_model_and_thresholds_by_class(
    serve, model, browser, tmp_path
):
    deploy_cfg = Config.fromfile(
        ROOT / 'configs/deploy/multilabel_onnxruntime_dynamic-448x448.py'
    )
    deploy_cfg.onnx_config.input_shape = (64, 64)
    path, _ = deploy_onnx(
        deploy_cfg,
        Config.fromfile(model.folder / 'tiny.py'),
        model.folder / 'tiny.pth',
        model.image,
        tmp_path,
    )
    # The best label alone is not to be shown.
    best, *others = model.scores
    thresholds = {best: 1.0, **dict.fromkeys(others, 0.0)}
    (tmp_path / 'thr.json').write_text(json.dumps(dict(thresholds=thresholds)))
    page = serve('--model', path, '--thr', tmp_path / 'thr.json')
    page.upload(model.image)
    page.wait_for_labels(percents(model.scores)[1:])
    assert 'an exported model gives scores and no maps' in page.text('body')
    assert not page.find('#attention img')

    page.find('input[type=radio]')[1].click()
    page.wait_for_labels(percents(model.scores, 0.5))
    assert_not_blank(browser)
    assert errors(browser) == []


def test_bad_pictures(serve, model, browser):
    limits = ('--max-megapixels', '1', '--max-mb', '0.5')
    page = serve(*model.options, '--thr', '0', *limits)
    page.upload(model.folder / 'broken.jpg')
    page.wait(lambda: 'Cannot read the picture' in page.text('#status'))
    page.upload(model.folder / 'huge.png')
    page.wait(lambda: '2000 x 2000 pixels' in page.text('#status'))
    page.wait(lambda: not page.find('[data-testid=image] img'))
    assert errors(browser) == []
    page.upload(model.folder / 'heavy.jpg')
    page.wait(lambda: 'maximum allowed size' in page.text('body'))
    page.upload(model.image)
    page.wait_for_labels(percents(model.scores))
    # The message about the size lies over the button for a while.
    page.wait(lambda: 'maximum allowed size' not in page.text('body'))
    (remove,) = page.find('[aria-label="Remove Image"]')
    remove.click()
    page.wait(lambda: 'Drop a picture' in page.text('#status'))
    assert page.labels() == []
    page.upload(model.folder / 'broken.jpg')
    page.wait(lambda: 'Cannot read the picture' in page.text('#status'))


def test_other_files_stay_private(serve, model, browser):
    serve(*model.options)
    api = f'{browser.current_url}gradio_api/queue'
    for secret in (str(model.image), 'https://example.org/a.png', None):
        request = dict(
            data=[dict(path=secret), None, 'one for all', 0],
            fn_index=0,
            session_hash='forged',
        )
        content = json.dumps(request).encode()
        kind = {'Content-Type': 'application/json'}
        urlopen(Request(f'{api}/join', content, kind), timeout=PATIENCE)
        answer = urlopen(f'{api}/data?session_hash=forged', timeout=PATIENCE)
        text = answer.read().decode()
        assert 'no picture that was given to the page' in text
        assert 'confidences' not in text


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ((), 'give --config and --checkpoint, or --model'),
        (('--model', 'a.onnx', '--config', 'b.py'), '--model excludes'),
        (('--model', 'lost.onnx'), 'There is no exported model'),
        (('--model', 'a.onnx', '--examples', 'lost'), 'no folder lost'),
    ],
)
def test_wrong_command_line(options, message, monkeypatch, capsys):
    monkeypatch.syspath_prepend(DEMO)
    monkeypatch.setattr(sys, 'argv', ['app.py', *options])
    from app import main

    with pytest.raises(SystemExit) as end:
        main()
    assert message in f'{end.value.code}{capsys.readouterr().err}'


def test_threshold_leaves_the_model_alone(model, monkeypatch):
    monkeypatch.syspath_prepend(DEMO)
    from recognition import Recogniser

    inferencer = MultiLabelInferencer(
        str(model.folder / 'tiny.py'), model.folder / 'tiny.pth', device='cpu'
    )
    recogniser = Recogniser(inferencer)
    assert recogniser.thr == 0.5
    result = recogniser.recognise(str(model.image))
    monkeypatch.setattr(inferencer, 'forward', None)
    for thr in (0, 0.5, torch.tensor([0.0, 1, 1])):
        found = recogniser.choose(result, thr)
        limits = np.broadcast_to(thr, 3)
        expected = {
            name: score
            for name, score in model.scores.items()
            if score >= limits[CLASSES.index(name)]
        }
        assert found == pytest.approx(expected)
        assert list(found) == list(expected)
