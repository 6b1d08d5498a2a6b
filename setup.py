"""The optional compiled part: without a C compiler the package installs and runs all the same."""

import os

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class BuildKernel(build_ext):
    """A plain shared library, loaded with ctypes: no symbol of a Python module is exported."""

    def get_export_symbols(self, ext):
        """Keep the exports that the source marks."""
        return []


flags = [] if os.name == "nt" else ["-O3", "-std=gnu11", "-fno-math-errno", "-fvisibility=hidden"]
libraries = [] if os.name == "nt" else ["m"]

setup(
    ext_modules=[
        Extension(
            "lmi.ksg._ksg",
            ["workflow/lmi/ksg/_ksg.c"],
            extra_compile_args=flags,
            libraries=libraries,
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernel},
)
