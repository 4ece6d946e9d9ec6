"""The architectures by name, the same weights as an ONNX file (for gauntlet, onnxruntime, OpenVINO) and a torch
module.
"""

import numpy

# name: (layers, hidden, window, features)
SHAPES = {
    "1x24": (1, 24, 10, 35),
    "1x32": (1, 32, 10, 35),
    "2x64": (2, 64, 10, 35),
    "2x96": (2, 96, 10, 35),
    "3x128": (3, 128, 10, 35),
    "lstm_a": (2, 100, 50, 100),
}


def draw_weights(shape, seed=42):
    """PyTorch names and gate order (i f g o), uniform within 1/sqrt(H) as nn.LSTM's own."""
    layers, hidden, _, features = SHAPES[shape]
    random, bound = numpy.random.default_rng(seed), hidden**-0.5
    sizes = {}
    for k in range(layers):
        sizes |= {
            f"weight_ih_l{k}": (4 * hidden, features if k == 0 else hidden),
            f"weight_hh_l{k}": (4 * hidden, hidden),
            f"bias_ih_l{k}": (4 * hidden,),
            f"bias_hh_l{k}": (4 * hidden,),
        }
    sizes |= {"fc.weight": (1, hidden), "fc.bias": (1,)}
    return {name: random.uniform(-bound, bound, size).astype(numpy.float32) for name, size in sizes.items()}


def _onnx_gates(weight):
    """i f g o (PyTorch) to i o f c (ONNX)."""
    i, f, g, o = numpy.split(weight, 4)
    return numpy.concatenate([i, o, f, g])


def write_onnx(path, shape, weights):
    """Input features [N, L, F] unscaled by any node, output predictions [N, 1]: LSTM layers, linear, sigmoid."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    layers, hidden, window, features = SHAPES[shape]
    tensors, nodes = {}, [helper.make_node("Transpose", ["features"], ["x0"], perm=[1, 0, 2])]
    tensors["axis1"] = numpy.array([1], numpy.int64)
    tensors["axis0"] = numpy.array([0], numpy.int64)
    for k in range(layers):
        tensors[f"W{k}"] = _onnx_gates(weights[f"weight_ih_l{k}"])[None]
        tensors[f"R{k}"] = _onnx_gates(weights[f"weight_hh_l{k}"])[None]
        tensors[f"B{k}"] = numpy.concatenate([_onnx_gates(weights[f"bias_{part}_l{k}"]) for part in ("ih", "hh")])[None]
        last = k == layers - 1
        nodes.append(
            helper.make_node(
                "LSTM", [f"x{k}", f"W{k}", f"R{k}", f"B{k}"], ["", f"h{k}"] if last else [f"y{k}"], hidden_size=hidden
            )
        )
        nodes.append(helper.make_node("Squeeze", [f"h{k}", "axis0"] if last else [f"y{k}", "axis1"], [f"x{k + 1}"]))
    tensors["fc.weight"], tensors["fc.bias"] = weights["fc.weight"], weights["fc.bias"]
    nodes.append(helper.make_node("Gemm", [f"x{layers}", "fc.weight", "fc.bias"], ["z"], transB=1))
    nodes.append(helper.make_node("Sigmoid", ["z"], ["predictions"]))
    graph = helper.make_graph(
        nodes,
        shape,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", window, features])],
        [helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def read_onnx_weights(path):
    """The weights of a model file of gauntlet's own, under PyTorch names and gate order."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    weights = {}
    for k, node in enumerate(n for n in model.graph.node if n.op_type == "LSTM"):
        w, r, b = (tensors[name][0] for name in node.input[1:4])
        half = len(b) // 2
        for name, value in (("weight_ih", w), ("weight_hh", r), ("bias_ih", b[:half]), ("bias_hh", b[half:])):
            i, o, f, c = numpy.split(value, 4)
            weights[f"{name}_l{k}"] = numpy.concatenate([i, f, c, o])
    gemm = next(n for n in model.graph.node if n.op_type in ("Gemm", "MatMul"))
    weight = tensors[gemm.input[1]].reshape(1, -1)
    bias = (
        tensors[gemm.input[2]]
        if gemm.op_type == "Gemm"
        else next(tensors[i] for n in model.graph.node if n.op_type == "Add" for i in n.input if i in tensors)
    )
    return weights | {"fc.weight": weight, "fc.bias": bias.reshape(1)}


def torch_module(torch, weights, logit=False):
    """nn.LSTM (batch first), last step, linear; sigmoid unless `logit`."""
    layers = sum(name.startswith("weight_ih") for name in weights)
    hidden, features = weights["weight_hh_l0"].shape[1], weights["weight_ih_l0"].shape[1]

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(features, hidden, layers, batch_first=True)
            self.fc = torch.nn.Linear(hidden, 1)

        def forward(self, x):
            y, _ = self.lstm(x)
            z = self.fc(y[:, -1])
            return z if logit else torch.sigmoid(z)

    net = Net()
    names = {name if name.startswith("fc.") else "lstm." + name: torch.tensor(value) for name, value in weights.items()}
    net.load_state_dict(names)
    return net
