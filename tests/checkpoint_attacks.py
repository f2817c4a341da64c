"""Pickle programs that a loader of checkpoints must not run."""

from checkpoint_files import call, name, value, values

HISTORY = 'mmengine.logging.history_buffer.HistoryBuffer'
GETATTR = '__builtin__.getattr'
ARRAY = call(
    'numpy.core.multiarray._reconstruct', name('numpy.ndarray'), (0,), 'b'
)
FLOAT = call('numpy.dtype', 'f8', False, True)


def globals_of_history():
    """getattr(HistoryBuffer.mean, '__globals__')."""
    mean = call(GETATTR, name(HISTORY), 'mean')
    return call(GETATTR, mean, '__globals__')


def value_array():
    """Opcodes of the float array [1.]."""
    data = call('_codecs.encode', '\x00' * 6 + '\xf0?', 'latin1')
    dtype = FLOAT + value((3, '<', None, None, None, -1, -1, 0)) + b'b'
    return ARRAY + values(1, (1,), dtype, False, data) + b'b'


ATTACKS = {
    'system': (call('os.system', 'touch CANARY'), 'os.system'),
    'its own name': (call('posix.system', 'touch CANARY'), 'posix.system'),
    'eval': (
        call('__builtin__.eval', "open('CANARY', 'w')"),
        r'eval',
    ),
    'exec': (call('builtins.exec', "open('CANARY', 'w')"), 'exec'),
    'popen': (call('subprocess.Popen', ('touch', 'CANARY')), 'Popen'),
    'open': (call('io.open', 'CANARY', 'w'), 'open'),
    'torch.load': (
        call('torch.serialization.load', 'evil.bin'),
        'torch.serialization.load',
    ),
    'import by name': (
        call('importlib.import_module', 'os'),
        'importlib.import_module',
    ),
    'partial': (
        call('functools.partial', name('os.system'), 'touch CANARY'),
        'functools.partial',
    ),
    'nested name': (
        call('torch.serialization.os.system', 'touch CANARY'),
        'os.system',
    ),
    'within weights': (
        value({'state_dict': {'w': call('os.system', 'touch CANARY')}}),
        'os.system',
    ),
    'getattr of a module': (
        call(GETATTR, name('torch.hub'), 'os'),
        'torch.hub',
    ),
    'getattr chain': (
        call(
            GETATTR,
            call(GETATTR, name(HISTORY), '__init__'),
            '__globals__',
        ),
        'getattr.*__init__',
    ),
    'globals of a method': (globals_of_history(), 'getattr.*__globals__'),
    'getattr of a string': (call(GETATTR, 'text', 'format'), 'getattr'),
    'getattr of another class': (
        call(GETATTR, name('collections.OrderedDict'), 'mean'),
        'getattr.*mean',
    ),
    'getattr of torch': (
        call(GETATTR, name('torch._utils._rebuild_tensor_v2'), '__globals__'),
        'getattr.*__globals__',
    ),
    'attribute as function': (
        call(GETATTR, name(HISTORY), 'mean') + values('x') + b'R',
        'mean|call|reduce',
    ),
    'object with code': (call('types.CodeType', 0), 'types.CodeType'),
    'instance opcode': (
        b'(' + value('touch CANARY') + b'ios\nsystem\n',
        'opcode|operand|os.system',
    ),
    'object opcode': (
        b'(' + name('os.system') + value('touch CANARY') + b'o',
        'os.system',
    ),
    'extension opcode': (b'\x82\x01', 'opcode|operand'),
    'protocol 4': (
        b'\x8c\x02os\x8c\x06system\x93' + values('touch CANARY') + b'R',
        'opcode|operand',
    ),
    'new object': (name('os._wrap_close') + b')\x81', 'os._wrap_close'),
    'persistent module': (
        values('module', name('collections.OrderedDict'), 'a', 'b') + b'Q',
        'storage|persistent',
    ),
    'state of a class': (
        name(HISTORY) + value((None, {'mean': 'x'})) + b'b',
        'state|build',
    ),
    'state of a function': (
        name('torch._utils._rebuild_tensor_v2')
        + value((None, {'__defaults__': ()}))
        + b'b',
        'state|build',
    ),
    'state of a list': (b']' + value({'a': 1}) + b'b', 'state|build'),
    'item of a class': (
        name(HISTORY) + value('mean') + value('x') + b's',
        'item|SETITEM|dict',
    ),
    'item of a set': (
        call('__builtin__.set', b']') + value('x') + b'a',
        'item|append',
    ),
    'subarray type': (
        FLOAT + value((3, '<', (b'N', (9,)), None, None, -1, -1, 0)) + b'b',
        'structured numpy',
    ),
    'objects in an array': (
        ARRAY
        + value((1, (1,), call('numpy.dtype', 'O8', False, True), False, b']'))
        + b'b',
        "numpy data type 'O8'",
    ),
    'structured array': (
        call('numpy.dtype', 'f8,O', False, True),
        'numpy data type',
    ),
    'matrix': (
        call(
            'numpy.core.multiarray._reconstruct',
            name('numpy.matrix'),
            (0,),
            'b',
        ),
        'numpy.matrix',
    ),
}
"""What the file does: the opcodes, and a pattern of what is refused."""
