#!/usr/bin/env python3
"""Remakes tests/fixtures/onnx: small LSTM classifiers as PyTorch's two exporters write them.

Run by hand in a venv with torch==2.9.1 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy:

    python3 tests/peers/make_onnx_fixtures.py tests/fixtures/onnx

Per case: NAME.onnx as exported (less stack traces) and NAME_y.npy, float32 [8, 2]: the probabilities that PyTorch
(column 0) and onnxruntime (column 1) give for windows.npy (float32 [8, L, F]). A model without a final sigmoid gets it
applied here.
"""
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

F, L, H, N = 5, 6, 4, 8


class Net(nn.Module):
    def __init__(self, layers=1, bidirectional=False, sigmoid=True, head="gather", states=False, scaler=False,
                 dropout=0.0, linear="gemm"):
        super().__init__()
        self.layers, self.directions = layers, 2 if bidirectional else 1
        self.sigmoid, self.head, self.states, self.scaler, self.linear = sigmoid, head, states, scaler, linear
        self.lstm = nn.LSTM(F, H, layers, batch_first=True, bidirectional=bidirectional,
                            dropout=dropout if layers > 1 else 0.0)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(H * self.directions, 1)
        self.register_buffer("mean", torch.linspace(-0.5, 0.5, F))
        self.register_buffer("std", torch.linspace(0.5, 1.5, F))

    def forward(self, features):
        x = features
        if self.scaler:
            x = torch.clamp((x - self.mean) / self.std, -5.0, 5.0)
        if self.states:
            zero = torch.zeros(self.layers * self.directions, x.size(0), H, device=x.device, dtype=x.dtype)
            y, (h, _) = self.lstm(x, (zero, zero.clone()))
        else:
            y, (h, _) = self.lstm(x)
        if self.head == "gather":
            y = y[:, -1, :]
        elif self.head == "slice":
            y = y[:, -1:, :].squeeze(1)
        elif self.head == "hidden" and self.directions == 1:
            y = h[-1]
        else:
            y = torch.cat([h[-2], h[-1]], dim=1)
        y = self.drop(y)
        z = self.fc(y) if self.linear == "gemm" else torch.matmul(y, self.fc.weight.t()) + self.fc.bias
        return torch.sigmoid(z) if self.sigmoid else z


# PyTorch 2.9.1's dynamo exporter can't write a bidirectional h_n (its shape function is wrong): no such case.
CASES = {
    "ts11_1l_states": (dict(states=True), 11, False),
    "ts14_2l_logit": (dict(layers=2, sigmoid=False, dropout=0.25), 14, False),
    "ts17_2l_states": (dict(layers=2, states=True, dropout=0.25), 17, False),
    "ts17_bi": (dict(layers=2, bidirectional=True), 17, False),
    "ts17_hidden": (dict(head="hidden"), 17, False),
    "ts17_bi_hidden": (dict(layers=2, bidirectional=True, head="hidden"), 17, False),
    "ts17_scaler_slice": (dict(scaler=True, head="slice"), 17, False),
    "ts20_matmul": (dict(linear="matmul", sigmoid=False), 20, False),
    "ts16_fixed_batch": (dict(layers=2, states=True), 16, False),
    "dyn18_1l": (dict(), 18, True),
    "dyn18_2l_logit": (dict(layers=2, sigmoid=False, dropout=0.25), 18, True),
    "dyn18_2l_states": (dict(layers=2, states=True), 18, True),
    "dyn20_bi": (dict(layers=2, bidirectional=True), 20, True),
    "dyn18_hidden": (dict(head="hidden"), 18, True),
    "dyn20_scaler_slice": (dict(scaler=True, head="slice"), 20, True),
    "dyn18_matmul": (dict(linear="matmul", sigmoid=False), 18, True),
}


def export(net, x, path, opset, dynamo, fixed):
    common = dict(input_names=["features"], output_names=["predictions"], opset_version=opset)
    if dynamo:
        shapes = None if fixed else {"features": {0: torch.export.Dim.AUTO}}
        torch.onnx.export(net, (x,), path, dynamo=True, external_data=False, dynamic_shapes=shapes, verbose=False,
                          **common)
    else:
        axes = None if fixed else {"features": {0: "batch"}, "predictions": {0: "batch"}}
        torch.onnx.export(net, (x,), path, dynamo=False, dynamic_axes=axes, do_constant_folding=True, **common)


def forget_source(path):
    """Stack traces of the exporting program: the only thing taken out of what the exporters write."""
    model = onnx.load(path)
    for part in [*model.graph.node, *model.graph.value_info, *model.graph.initializer, *model.graph.input,
                 *model.graph.output, model.graph]:
        part.ClearField("doc_string")
        del part.metadata_props[:]
    onnx.save(model, path)


def main(folder):
    warnings.filterwarnings("ignore")
    rng = np.random.default_rng(20240501)
    windows = rng.standard_normal((N, L, F)).astype(np.float32)
    np.save(f"{folder}/windows.npy", windows)
    for k, (name, (options, opset, dynamo)) in enumerate(CASES.items()):
        torch.manual_seed(100 + k)
        net = Net(**options).eval()
        with torch.no_grad():  # spread the outputs: PyTorch's default weights give almost constant ones
            for p in net.parameters():
                p.mul_(2.0)
        fixed = "fixed" in name
        x = torch.from_numpy(windows[:N if fixed else 3].copy())
        path = f"{folder}/{name}.onnx"
        export(net, x, path, opset, dynamo, fixed)
        forget_source(path)
        onnx.checker.check_model(path)
        with torch.no_grad():
            y = net(torch.from_numpy(windows)).numpy()
        z = onnxruntime.InferenceSession(path).run(None, {"features": windows})[0]
        if not options.get("sigmoid", True):
            y, z = (1 / (1 + np.exp(-v.astype(np.float64))) for v in (y, z))
        np.save(f"{folder}/{name}_y.npy", np.concatenate([y, z], axis=1).astype(np.float32))
        print(f"{name}: opset {onnx.load(path).opset_import[0].version}, ops "
              f"{' '.join(n.op_type for n in onnx.load(path).graph.node)}, max difference {np.abs(y - z).max():.2e}")


if __name__ == "__main__":
    main(sys.argv[1])
