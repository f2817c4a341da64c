"""Pack the images of a folder into LMDB or tar files."""

import argparse

from mmsrdl.datasets.image_packs import list_images, pack_lmdb, pack_tar


def main() -> None:
    """Pack the images, and say how to read them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', help='data_root of the data set')
    parser.add_argument('out', help='a .tar file, or a folder for LMDB')
    parser.add_argument(
        '--folder', default='', help='folder of the images, in root'
    )
    parser.add_argument(
        '--shard-size', type=int, help='most images of a tar file'
    )
    args = parser.parse_args()
    try:
        names = list_images(args.root, args.folder)
        if args.out.endswith('.tar'):
            shards = pack_tar(args.root, names, args.out, args.shard_size)
            backend = dict(backend='tar', shards=[str(s) for s in shards])
        else:
            pack_lmdb(args.root, names, args.out)
            backend = dict(backend='lmdb', db_path=args.out)
    except (ImportError, OSError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
    print(
        f'Packed {len(names)} images. To read them:\n'
        f"dict(type='LoadImageFromFile', backend_args={backend})"
    )


if __name__ == '__main__':
    main()
