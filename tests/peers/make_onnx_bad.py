#!/usr/bin/env python3
"""Remakes tests/fixtures/onnx/bad: models that must be refused, each the edit of a good one, and refusals.tsv.

Run by hand in a venv with onnx==1.23.2 numpy:

    python3 tests/peers/make_onnx_bad.py tests/fixtures/onnx

refusals.tsv: file, TAB, what the one line on stderr must contain.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(sys.argv[1])
ROWS = []


def node(m, name):
    return next(n for n in m.graph.node if n.name == name)


def tensor(m, name):
    return next(t for t in m.graph.initializer if t.name == name)


def attribute(n, name, value):
    for a in [a for a in n.attribute if a.name == name]:
        n.attribute.remove(a)
    n.attribute.append(helper.make_attribute(name, value))


def replace(m, name, array):
    tensor(m, name).CopyFrom(numpy_helper.from_array(array, name))


def changed(m, name, index, value):
    array = numpy_helper.to_array(tensor(m, name)).copy()
    array.flat[index] = value
    replace(m, name, array)


def bad(base, name, said):
    """Decorator: the function edits a copy of BASE.onnx in place, or returns bytes."""

    def make(edit):
        m = onnx.load(FOLDER / f"{base}.onnx")
        out = edit(m)
        (FOLDER / "bad" / f"{name}.onnx").write_bytes(out if isinstance(out, bytes) else m.SerializeToString())
        ROWS.append(f"{name}.onnx\t{said}\n")

    return make


ONE, SCALED = "ts11_1l_states", "ts17_scaler_slice"


def weight_names(m):
    return node(m, "/lstm/LSTM").input


# ---- bytes ------------------------------------------------------------------------------------------------
bad(ONE, "empty", "it holds no graph")(lambda m: b"")
bad(ONE, "text", "its protobuf can't be read")(lambda m: b"date,prob\n2020-01-02,0.5\n")
bad(ONE, "truncated", "its protobuf can't be read")(lambda m: m.SerializeToString()[:-100])
bad(ONE, "no_graph", "it holds no graph")(lambda m: m.ClearField("graph"))


# ---- header -----------------------------------------------------------------------------------------------
@bad(ONE, "opset_10", "opset 10; opset 11 to 20 is supported")
def _(m):
    m.opset_import[0].version = 10


@bad(ONE, "opset_21", "opset 21; opset 11 to 20 is supported")
def _(m):
    m.opset_import[0].version = 21


@bad(ONE, "functions", "model-local functions are not supported")
def _(m):
    m.functions.append(helper.make_function("own", "f", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])],
                                            [helper.make_opsetid("", 17)]))


@bad(ONE, "two_inputs", "more than one input")
def _(m):
    m.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


@bad(ONE, "double_input", "its input is not a float32 tensor")
def _(m):
    m.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


@bad(ONE, "flat_input", "its input has 2 dims")
def _(m):
    del m.graph.input[0].type.tensor_type.shape.dim[2]


@bad(ONE, "huge_window", "the input has 1000000000 steps")
def _(m):
    m.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 10**9


@bad(ONE, "open_window", "the number of steps is not in the file")
def _(m):
    m.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "steps"


@bad(ONE, "schema_half", "metadata gauntlet.schema, gauntlet.schema_version and gauntlet.schema_hash")
def _(m):
    helper.set_model_props(m, {"gauntlet.schema": "gauntlet-35"})


# ---- tensors ----------------------------------------------------------------------------------------------
@bad(ONE, "external_data", "export with external_data=False")
def _(m):
    t = tensor(m, "fc.weight")
    t.ClearField("raw_data")
    t.data_location = TensorProto.EXTERNAL
    t.external_data.add(key="location", value="/etc/passwd")


@bad(ONE, "double_weights", "node '/fc/Gemm' (Gemm): the linear layer's weight has data type 11")
def _(m):
    replace(m, "fc.weight", numpy_helper.to_array(tensor(m, "fc.weight")).astype(np.float64))


@bad(ONE, "nan_weight", "node '/lstm/LSTM' (LSTM): R holds a value that is not finite (element 7)")
def _(m):
    changed(m, weight_names(m)[2], 7, np.nan)


@bad(ONE, "inf_bias", "node '/fc/Gemm' (Gemm): the linear layer's bias holds a value that is not finite")
def _(m):
    changed(m, "fc.bias", 0, np.inf)


@bad(ONE, "short_data", "its data is not as long as its dims say")
def _(m):
    tensor(m, "fc.weight").raw_data = b"\0\0\0\0"


@bad(ONE, "huge_dims", "its dims multiply to more than 2^31")
def _(m):
    tensor(m, "fc.weight").dims[:] = [2**30, 2**30]


@bad(ONE, "negative_dim", "a dim is negative")
def _(m):
    tensor(m, "fc.weight").dims[:] = [1, -4]


@bad(ONE, "wrong_shape", "node '/lstm/LSTM' (LSTM): R does not have the shape")
def _(m):
    tensor(m, weight_names(m)[2]).dims[:] = [1, 4, 16]


@bad(ONE, "twice_defined", "is defined twice")
def _(m):
    m.graph.initializer.append(tensor(m, "fc.bias"))


# ---- LSTM -------------------------------------------------------------------------------------------------
for key, value, said in [("clip", 3.0, "clip is not supported"),
                         ("activations", ["Sigmoid", "Relu", "Tanh"], "activations other than"),
                         ("input_forget", 1, "input_forget is not supported"),
                         ("layout", 1, "layout 1 is not supported"),
                         ("direction", "reverse", "direction must be forward or bidirectional"),
                         ("hidden_size", 2**40, "hidden_size is not in 1..65536"),
                         ("own_attribute", 1, "attribute 'own_attribute' is not supported")]:
    bad(ONE, f"lstm_{key}", f"node '/lstm/LSTM' (LSTM): {said}")(
        lambda m: attribute(node(m, "/lstm/LSTM"), key, value))


@bad(ONE, "nonzero_state", "node '/lstm/LSTM' (LSTM): initial_h is not zero")
def _(m):
    attribute(node(m, "/ConstantOfShape"), "value", helper.make_tensor("v", TensorProto.FLOAT, [1], [0.5]))


@bad(ONE, "sequence_lens", "node '/lstm/LSTM' (LSTM): sequence_lens is not supported")
def _(m):
    node(m, "/lstm/LSTM").input[4] = "lens"
    m.graph.initializer.append(numpy_helper.from_array(np.full(8, 6, np.int32), "lens"))


@bad(ONE, "peepholes", "peephole weights are not supported")
def _(m):
    node(m, "/lstm/LSTM").input.append("P")
    m.graph.initializer.append(numpy_helper.from_array(np.ones((1, 12), np.float32), "P"))


@bad("ts17_2l_states", "skipped_layer", "node '/lstm/LSTM_1' (LSTM): its input is not the whole output")
def _(m):
    node(m, "/lstm/LSTM_1").input[0] = node(m, "/lstm/LSTM").input[0]


# ---- the rest of the graph --------------------------------------------------------------------------------
@bad(ONE, "unknown_operator", "node '/sigmoid' (Erf): the operator is not supported")
def _(m):
    m.graph.node[-1].op_type = "Erf"
    m.graph.node[-1].name = "/sigmoid"


@bad(ONE, "unknown_domain", "operators of domain 'com.microsoft' are not supported")
def _(m):
    m.graph.node[-1].domain = "com.microsoft"


@bad(ONE, "subgraph", "(If): the operator is not supported")
def _(m):
    n = m.graph.node[-1]
    n.op_type = "If"
    attribute(n, "then_branch", helper.make_graph([], "g", [], []))


@bad(ONE, "first_step", "only the last step is supported")
def _(m):
    attribute(node(m, "/Constant_3"), "value", helper.make_tensor("v", TensorProto.INT64, [], [0]))


@bad(ONE, "batch_first_lstm", "(LSTM): its input is not the features as [steps, windows, features]")
def _(m):
    attribute(node(m, "/lstm/Transpose"), "perm", [0, 1, 2])


@bad(ONE, "no_permutation", "perm is no permutation")
def _(m):
    attribute(node(m, "/lstm/Transpose"), "perm", [1, 1, 2])


@bad(ONE, "two_sigmoids", "a second sigmoid on a probability")
def _(m):
    m.graph.node[-1].output[0] = "once"
    m.graph.node.append(helper.make_node("Sigmoid", ["once"], ["predictions"], name="/again"))


@bad(ONE, "relu_head", "(Relu): the operator is not supported")
def _(m):
    m.graph.node[-1].op_type = "Relu"


@bad(ONE, "two_outputs_of_linear", "2 outputs: one linear unit after the LSTM is supported")
def _(m):
    replace(m, "fc.weight", np.ones((2, 4), np.float32))
    replace(m, "fc.bias", np.ones(1, np.float32))


@bad(ONE, "gemm_alpha", "(Gemm): alpha, beta other than 1")
def _(m):
    attribute(node(m, "/fc/Gemm"), "alpha", 2.0)


@bad(ONE, "undefined_input", "input 'nowhere' is defined by no node before it")
def _(m):
    m.graph.node[-1].input[0] = "nowhere"


@bad(ONE, "features_out", "is not the linear layer's logit or probability")
def _(m):
    m.graph.output[0].name = m.graph.input[0].name


@bad(ONE, "batch_squeezed", "without axes it would change with the number of windows")
def _(m):
    del node(m, "/lstm/Squeeze").attribute[:]


# ---- scaler -----------------------------------------------------------------------------------------------
@bad(SCALED, "scaler_sd_0", "(Div): the scaler's sd of feature 2 is 0")
def _(m):
    changed(m, next(n for n in m.graph.node if n.op_type == "Div").input[1], 2, 0)


@bad(SCALED, "scaler_nan", "(Sub): the scaler holds a value that is not finite")
def _(m):
    changed(m, next(n for n in m.graph.node if n.op_type == "Sub").input[1], 1, np.nan)


@bad(SCALED, "scaler_short", "does not have one value for each feature")
def _(m):
    replace(m, next(n for n in m.graph.node if n.op_type == "Sub").input[1], np.zeros(4, np.float32))


@bad(SCALED, "clip_one_sided", "(Clip): only a clip to [-c, c] is supported")
def _(m):
    clip = next(n for n in m.graph.node if n.op_type == "Clip")
    low = next(n for n in m.graph.node if n.output[0] == clip.input[1])
    attribute(low, "value", helper.make_tensor("v", TensorProto.FLOAT, [], [-1.0]))


(FOLDER / "bad" / "refusals.tsv").write_text("".join(ROWS))
print(len(ROWS), "files")
