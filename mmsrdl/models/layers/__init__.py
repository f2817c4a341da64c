"""Plain layers: modules and functions without a registry."""
