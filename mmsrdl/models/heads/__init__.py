"""Classification heads."""

from .car_head import CARHead

__all__ = ['CARHead']
