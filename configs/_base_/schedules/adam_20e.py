# Paper section 4.2: Adam, batch 16, 20 epochs, learning rate / 10 at 10
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=1e-5, betas=(0.9, 0.999), weight_decay=5e-4)
)

param_scheduler = dict(
    type='MultiStepLR', by_epoch=True, milestones=[10], gamma=0.1
)

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=16)
