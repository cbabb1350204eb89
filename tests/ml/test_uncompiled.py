"""Nobody waits for torch's compiler, but whoever wants it has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from ml.uncompiled import leave_the_compiler_out
leave_the_compiler_out()
import torch
from torchvision.models import mobilenet_v3_small
net = mobilenet_v3_small().eval()
picture = torch.zeros(1, 3, 32, 32)
optimizer = torch.optim.AdamW(net.parameters())
net(picture).sum().backward()
optimizer.step()
optimizer.zero_grad()
assert 'torch._inductor' not in sys.modules
leave_the_compiler_out()
import torch._dynamo.config
assert torch._dynamo.is_dynamo_supported() is not None
assert torch._dynamo is sys.modules['torch._dynamo']
exported = torch.export.export(net, (picture,)).module()
assert torch.allclose(exported(picture), net(picture))
optimizer.step()
from torchvision.ops import roi_align
assert roi_align(torch.zeros(1, 1, 4, 4), [torch.tensor([[0.0, 0.0, 2.0, 2.0]])], 2).shape == (1, 1, 2, 2)
"""


def test_a_net_is_made_and_trained_without_the_compiler_and_exported_with_it():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
