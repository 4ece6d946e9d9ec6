#!/usr/bin/env python3
"""Training: gauntlet beside PyTorch, same windows, batch 64, Adam, clip, initial weights and order of rows.

Equality first: the loss curves of 50 epochs on 1,003 windows of the built-in market. Gauntlet's initial weights are
read from a model trained with a learning rate of 1e-12; its order of rows is Philox's and made again here. What is
left between the two is rounding, which training amplifies: the yardstick beside the difference is PyTorch against
itself with every initial weight moved by one part in 2^23. Then rounds of whole epochs (1,003 samples): `gauntlet
bench --op train`, PyTorch, ...
"""

import csv
import itertools
import pathlib
import tempfile
import time

import numpy

import nets
import peer

N, BATCH, EPOCHS, SEED = 1003, 64, 50, 42
RATE, DECAY, CLIP = 0.003, 0.005, 1.0  # gauntlet train's own defaults
TARGETS = {"1x24": 4, "1x32": 4, "2x64": 3, "2x96": 3, "3x128": None}
MANY_TARGET = 6
FIRST_TOLERANCE = 1e-5  # mean loss of the first epoch: 16 steps, float32 sums of 64 losses


# ---- gauntlet's order of rows (statistics.md 15: Philox4x32-10, Lemire's bounded integer, Fisher-Yates from the end) -


def philox_x(seed, stream, replicate, block):
    c, k0, k1 = [block, stream, replicate & 0xFFFFFFFF, replicate >> 32], seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k1, a & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c[1] << 32 | c[0]


def bounded(seed, stream, replicate, block, n):
    while True:
        product = philox_x(seed, stream, replicate, block) * n
        if product & (2**64 - 1) >= (2**64 - n) % n:
            return product >> 64
        stream += 65536


def order_of(epoch, n):
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = bounded(SEED, 105, epoch, i, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


# ---- PyTorch ---------------------------------------------------------------------------------------------------


def epoch_of(torch, net, optimiser, x, y, order):
    """One epoch; returns the sum of losses as trained."""
    loss_of, total, parameters = torch.nn.functional.binary_cross_entropy_with_logits, 0.0, list(net.parameters())
    sums = []
    for rows in order.split(BATCH):
        loss = loss_of(net(x[rows]), y[rows])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP, foreach=True)
        optimiser.step()
        sums.append(loss.detach() * len(rows))
    total = torch.stack(sums).double().sum()
    return float(total)


def adam(torch, net, kind):
    return torch.optim.Adam(net.parameters(), lr=RATE, weight_decay=DECAY, **{kind: True})


def curve_of(torch, weights, x, y, orders):
    net = nets.torch_module(torch, weights, logit=True)
    optimiser = adam(torch, net, "foreach")
    return [epoch_of(torch, net, optimiser, x, y, order) / len(x) for order in orders]


# ---- equal curves ------------------------------------------------------------------------------------------------


def clip_nodes(model_path):
    """Centre, scale and limit of the scaler nodes of gauntlet's model file."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(model_path)).graph
    tensors = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    given = {
        n.op_type: [tensors[i] for i in n.input if i in tensors]
        for n in graph.node
        if n.op_type in ("Sub", "Div", "Mul", "Clip")
    }
    scale = given["Div"][0] if "Div" in given else 1 / given["Mul"][0]
    return given["Sub"][0], scale, float(abs(given["Clip"][0]))


def windows_and_labels(folder, gauntlet, model):
    with open(folder / "x.csv", newline="") as file:
        lines = list(csv.reader(file))
    raw = numpy.array([line[1:] for line in lines[1:]], numpy.float32)
    centre, scale, limit = clip_nodes(model)
    rows = numpy.clip((raw - centre) / scale, -limit, limit).astype(numpy.float32)
    x = numpy.stack([rows[i : i + 10] for i in range(N)])
    y = (raw[10 : 10 + N, 0] > 0).astype(numpy.float32)[:, None]  # ret_1 of the next bar
    return x, y


def compare_curves(options, torch, shape, epochs):
    layers, hidden, _, _ = nets.SHAPES[shape]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bars = ["--bars", "builtin:SYN-EDGE", "--seed", SEED]
        peer.run(options.gauntlet, "features", *bars, "--out", folder / "x.csv")
        dates = [line.split(",")[0] for line in (folder / "x.csv").read_text().splitlines()[1:]]
        train = [
            "train",
            *bars,
            "--hidden",
            hidden,
            "--layers",
            layers,
            "--train",
            f"{dates[9]}..{dates[9 + N - 1]}",
            "--optimiser",
            "adam",
            "--patience",
            0,
            "--batch",
            BATCH,
            "--weight-decay",
            DECAY,
            "--clip",
            CLIP,
            "--schedule",
            "constant",
        ]
        peer.run(options.gauntlet, *train, "--lr", "1e-12", "--epochs", 1, "--out", folder / "init.onnx")
        peer.run(
            options.gauntlet,
            *train,
            "--lr",
            RATE,
            "--epochs",
            epochs,
            "--out",
            folder / "m.onnx",
            "--curve",
            folder / "c.csv",
        )
        with open(folder / "c.csv", newline="") as file:
            ours = [float(line["train_loss"]) for line in csv.DictReader(file)]
        weights = nets.read_onnx_weights(folder / "init.onnx")
        x, y = (torch.from_numpy(a) for a in windows_and_labels(folder, options.gauntlet, folder / "m.onnx"))
    orders = [torch.tensor(order_of(e, N)) for e in range(epochs)]
    theirs = curve_of(torch, weights, x, y, orders)
    moved = {key: (value * numpy.float32(1 + 2**-23)).astype(numpy.float32) for key, value in weights.items()}
    again = curve_of(torch, moved, x, y, orders)
    return ours, theirs, again


def check_curves(options, torch, shape, result):
    epochs = 10 if options.quick else EPOCHS
    ours, theirs, again = compare_curves(options, torch, shape, epochs)
    difference = numpy.abs(numpy.subtract(ours, theirs))
    yardstick = float(numpy.abs(numpy.subtract(again, theirs)).max())
    result["curves"].append(
        {
            "shape": shape,
            "gauntlet": ours,
            "torch": theirs,
            "largest_difference": float(difference.max()),
            "torch_moved_by_rounding": yardstick,
        }
    )
    result["equality"].append(peer.equal(f"{shape} first epoch", "torch", difference[0], FIRST_TOLERANCE, 1, "epoch"))
    result["equality"].append(
        peer.equal(
            f"{shape} whole curve",
            "torch",
            difference.max(),
            max(10 * yardstick, FIRST_TOLERANCE),
            epochs,
            f"epochs; moved by rounding PyTorch differs from itself by {yardstick:.1e}",
        )
    )
    peer.stop_unless_equal(result["equality"])


# ---- rounds ---------------------------------------------------------------------------------------------------------


def settings(torch, shape, threads, quick):
    """(name, call of one epoch): each a way of running PyTorch."""
    weights = nets.draw_weights(shape)
    random = torch.Generator().manual_seed(1)
    x, y = torch.randn(N, 10, 35, generator=random), (torch.rand(N, 1, generator=random) < 0.5).float()
    for kind in ("foreach", "fused"):
        for compiled in (False, True):
            if compiled and (quick or kind == "foreach" or shape != "1x24" or threads > 1):
                continue  # tried once: PyTorch 2.15 can't compile what nn.LSTM calls, and says so in the notes
            net = nets.torch_module(torch, weights, logit=True)
            optimiser = adam(torch, net, kind)
            if compiled:
                torch._dynamo.config.allow_rnn = True
                net = torch.compile(net, dynamic=False)
            yield (
                f"{kind} Adam, {'compiled' if compiled else 'eager'}",
                lambda net=net, optimiser=optimiser: epoch_of(torch, net, optimiser, x, y, torch.randperm(N)),
            )


def fastest(torch, shape, threads, quick, notes):
    """(setting, call); with two threads allowed PyTorch may still be faster with one, and then gets one."""
    best = None
    for used, (name, call) in itertools.product(sorted({1, threads}), list(settings(torch, shape, threads, quick))):
        torch.set_num_threads(used)
        name = f"{name}, {used} thread{'s' if used > 1 else ''}"
        begin = time.perf_counter()
        try:
            call()
        except Exception as error:  # a compiler that can't: noted, the others stand
            notes.append(f"torch {shape}, {name}: {type(error).__name__}: {str(error).splitlines()[0]}")
            peer.say("  " + notes[-1])
            continue
        first = time.perf_counter() - begin
        call()
        seconds = peer.time_call(call, 0.3)
        notes.append(f"torch {shape}, {name}: {1e3 * seconds:.1f} ms an epoch (first {first:.1f} s)")
        peer.say("  " + notes[-1])
        if not best or seconds < best[0]:
            best = seconds, name, call, used
    torch.set_num_threads(best[3])
    return best[1:3]


def rows_of(options, torch, shape, threads, result):
    name, call = fastest(torch, shape, threads, options.quick, result["notes"])
    ours, many, theirs = [], [], []
    for _ in range(options.rounds):
        ours.append(peer.bench(options.gauntlet, "train", threads, shape=shape, n=N))
        call()
        theirs.append(peer.time_call(call, 0.5))
        if shape == "1x24":
            many.append(peer.bench(options.gauntlet, "train_many", threads, shape=shape, n=N))
    other = peer.row("torch", name, "train", shape, threads, N, theirs, N)
    for op, rows, target in (("train", ours, TARGETS[shape]), ("train_many", many, MANY_TARGET)):
        if not rows:
            continue
        units = rows[0]["per_s"] * rows[0]["median_s"]
        row = peer.row(
            "gauntlet",
            "float32",
            op,
            shape,
            threads,
            N,
            [r["median_s"] for r in rows],
            units,
            {
                "peak_share": peer.quartiles([r["peak_share"] for r in rows])[1],
                "peak_gflops": peer.quartiles([r["peak_gflops"] for r in rows])[1],
                "seconds_50_epochs": EPOCHS * peer.quartiles([r["median_s"] for r in rows])[1],
            },
        )
        what = "torch, one after another (100 times the time of one)" if op == "train_many" else None
        result["rows"].append(row)
        result["ratios"].append(peer.ratio(op, shape, threads, row, other, target, what))
    result["rows"].append(other | {"seconds_50_epochs": EPOCHS * other["median_s"]})


def main():
    options = peer.options(__doc__, "out/peers/training.json")
    missing = []
    torch = peer.load("torch", missing)
    result = {
        "manifest": peer.manifest(options, missing),
        "equality": [],
        "curves": [],
        "rows": [],
        "ratios": [],
        "figures": [],
        "notes": [],
    }
    shapes = ["1x24"] if options.quick else list(TARGETS)
    if torch:
        torch.set_num_threads(1)
        for shape in shapes:
            check_curves(options, torch, shape, result)
        for shape in shapes:
            for threads in (1, 2):
                rows_of(options, torch, shape, threads, result)
    peer.write(options.out, result)


if __name__ == "__main__":
    main()
