"""Pickle programs that a loader of checkpoints must not run."""

from checkpoint_files import call, name, storage, tensor, value, values

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


def encoded(text):
    """Opcodes of bytes."""
    return call('_codecs.encode', text, 'latin1')


ONE = encoded('\x00' * 6 + '\xf0?')
LITTLE = FLOAT + value((3, '<', None, None, None, -1, -1, 0)) + b'b'


def array(dtype=LITTLE, shape=(1,), data=ONE):
    """Opcodes of an array, by default of [1.]."""
    return ARRAY + values(1, shape, dtype, False, data) + b'b'


def scalar(dtype=FLOAT, data=ONE):
    """Opcodes of a numpy scalar, by default of 1."""
    return call('numpy.core.multiarray.scalar', dtype, data)


def history(log=None, count=None, length=5, **others):
    """Opcodes of a log history."""
    state = {
        '_log_history': log or array(),
        '_count_history': count or array(),
        'max_length': length,
        **others,
    }
    return name(HISTORY) + b')\x81' + value(state) + b'b'


REAL_TYPES = {
    'text': 'O',
    'text of a number': 'f8',
    'list': [('a', 'O')],
    'tuple': ('O', (1,)),
    'dict': {'names': ['a'], 'formats': ['O']},
    'none': None,
    'class': name('numpy.ndarray'),
    'scalar': scalar(
        call('numpy.dtype', 'U1', False, True), encoded('O\x00\x00\x00')
    ),
    'array': array(),
    'torch type': name('torch.float64'),
    'no state': name('numpy.dtype') + b')\x81',
}
"""What is no checked data type; some of them are types to numpy."""


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
    **{
        f'array of the type {what}': (array(dtype), 'numpy data type|DType')
        for what, dtype in REAL_TYPES.items()
    },
    **{
        f'scalar of the type {what}': (scalar(dtype), 'numpy data type|DType')
        for what, dtype in REAL_TYPES.items()
    },
    'history of objects': (history(log=array('O')), "data type 'O'"),
    'count of objects': (history(count=array('O')), "data type 'O'"),
    'history of text': (
        history(log=array(call('numpy.dtype', 'S8', False, True))),
        'log history',
    ),
    'history of a list': (history(log=[1], count=[1]), 'log history'),
    'history of a table': (
        history(log=array(shape=(1, 1)), count=array(shape=(1, 1))),
        'log history',
    ),
    'history of a textual length': (history(length='x'), 'log history'),
    'history without state': (name(HISTORY) + b')\x81', 'without state'),
    'array without state': (ARRAY, 'without state'),
    'type that is no text': (
        call('numpy.dtype', name('numpy.ndarray'), False, True),
        'numpy data type',
    ),
    'type of digits elsewhere': (
        call('numpy.dtype', 'f\u0668', False, True),
        'numpy data type',
    ),
    'byte order': (
        FLOAT + value((3, 'x', None, None, None, -1, -1, 0)) + b'b',
        'byte order',
    ),
    'own attributes': (
        name('mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler')
        + b')\x81'
        + value({'resolve': name('collections.OrderedDict')})
        + b'b',
        'OneCycle',
    ),
    'attributes of a dict': (
        call('collections.OrderedDict')
        + value({'items': name('collections.OrderedDict')})
        + b'b',
        'attributes|state',
    ),
}
"""What the file does: the opcodes, and a pattern of what is refused."""

STORAGE = storage(4)

DAMAGED = {
    'long array': array(shape=(9999,)),
    'short array': array(shape=(0,)),
    'huge array': array(shape=(2**31 - 1,) * 9),
    'array of many axes': array(shape=(1,) * 33),
    'negative array': array(shape=(-1, -1)),
    'array of no shape': array(shape=1),
    'array of a list': array(shape=[1]),
    'array of a truth': array(shape=(True,)),
    'array of text': array(data='\x00' * 8),
    'array of numbers': array(data=[1]),
    'wrong booleans': array(
        call('numpy.dtype', 'b1', False, True), data=encoded('\x02')
    ),
    'long scalar': scalar(data=encoded('\x00' * 9)),
    'short scalar': scalar(data=encoded('\x00')),
    'long storage': tensor(storage(4000)),
    'negative storage': tensor(storage(-4)),
    'storage without a record': tensor(storage(4, key='1')),
    'long tensor': tensor(STORAGE, size=(5,)),
    'wide tensor': tensor(STORAGE, stride=(2,)),
    'tensor behind': tensor(STORAGE, offset=1),
    'tensor before': tensor(STORAGE, offset=-1),
    'backward tensor': tensor(STORAGE, offset=3, stride=(-1,)),
    'negative tensor': tensor(STORAGE, size=(-4,)),
    'tensor of few strides': tensor(STORAGE, size=(2, 2)),
}
"""Zips in which the sizes do not fit, with 16 bytes in the record ``0``."""
