"""Parts of SRDL, and what takes their place (paper, Tables 5 and 6)."""

title = 'Parts of SRDL: VOC 2007, MobileNetV2, 224 px, 5 epochs'

_folder = 'configs/srdl'
_suffix = 'mobilenet-v2_voc07-224px'

rows = {
    'GAP': dict(
        config=f'{_folder}/ablations/gap_{_suffix}.py', published=91.8
    ),
    'GMP': dict(config=f'{_folder}/gmp_{_suffix}_measured.py'),
    'SD': dict(config=f'{_folder}/ablations/sd_{_suffix}.py', published=92.2),
    'SAM': dict(
        config=f'{_folder}/ablations/sam_{_suffix}.py', published=92.0
    ),
    'CAR without graph': dict(
        config=f'{_folder}/ablations/car-wo-gcn_{_suffix}.py', published=92.0
    ),
    'CAR without channel attention': dict(
        config=f'{_folder}/ablations/car-wo-ca_{_suffix}.py', published=92.1
    ),
    'CAR without spatial attention': dict(
        config=f'{_folder}/ablations/car-wo-sa_{_suffix}.py', published=92.0
    ),
    'CAR': dict(
        config=f'{_folder}/ablations/car_{_suffix}.py', published=92.4
    ),
    'CAR + OE': dict(
        config=f'{_folder}/srdl_{_suffix}_measured.py', published=94.6
    ),
}
