# defaults to use registries in mmpretrain, where mmsrdl registers its own
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmsrdl'], allow_failed_imports=False)

# what every run needs; `custom_hooks` are left to the methods
default_hooks = dict(
    # record the time of every iteration.
    timer=dict(type='IterTimerHook'),
    # print log every 50 iterations.
    logger=dict(type='LoggerHook', interval=50),
    # enable the parameter scheduler.
    param_scheduler=dict(type='ParamSchedulerHook'),
    # save a checkpoint per epoch, keep the last three.
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3),
    # set sampler seed in distributed environment.
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # draw the same numbers in an epoch, resumed or not.
    epoch_seed=dict(type='EpochSeedHook'),
    # refuse a label graph that does not fit the data set.
    label_check=dict(type='LabelCheckHook'),
    # validation results visualization, set True to enable it.
    visualization=dict(type='VisualizationHook', enable=False),
)

# configure environment
env_cfg = dict(
    # whether to enable cudnn benchmark
    cudnn_benchmark=False,
    # set multi process parameters
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # set distributed parameters
    dist_cfg=dict(backend='nccl'),
)

# set visualizer
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='MultiLabelVisualizer', vis_backends=vis_backends)

# set log level
log_level = 'INFO'

# load from which checkpoint
load_from = None

# whether to resume training from the loaded checkpoint
resume = False

# a fixed seed; `deterministic=True` forbids nondeterministic GPU kernels
randomness = dict(seed=0, deterministic=False)
