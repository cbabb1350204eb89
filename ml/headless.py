"""The body of a net: what it sees, before its last layer says what that is."""

from __future__ import annotations

from torch import nn

from ml.clip_nets import ZeroShot
from ml.errors import RunError


def headless(net: nn.Module, title: str) -> nn.Module:
    """Return the net without its last linear layer: it gives what that was given."""
    if isinstance(net, ZeroShot):
        return net.body
    linear = [name for name, module in net.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise RunError(f"{title} has no features to lend: it does not end in a linear layer.")
    parent, _, leaf = linear[-1].rpartition(".")
    setattr(net.get_submodule(parent), leaf, nn.Identity())
    return net
