_base_ = './multilabel_static.py'

# Height and width stay fixed: runtimes optimise such a graph further.
onnx_config = dict(dynamic_axes=dict(input={0: 'batch'}, output={0: 'batch'}))
