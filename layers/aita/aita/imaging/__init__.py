"""Scanned files as one upright JPEG of bounded size per page: :func:`aita.imaging.pages.pages`.

The only package that imports Pillow, pillow-heif and pypdfium2. They are in one function's layer,
so nothing else may import this package at the top of a module.
"""
