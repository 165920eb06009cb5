"""The engines that keep the contract of :mod:`eventyard.store`; each is opened by its own package."""
