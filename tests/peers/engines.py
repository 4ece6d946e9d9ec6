"""Each peer at its best: every way of running it that we know, as callables [N, L, F] -> probabilities [N, 1].

`candidates` lists (setting, call) for a thread count. Several batch sizes are tried, and with two threads both ways to
use them: one call with two threads inside, and two streams with one thread each.
"""

import concurrent.futures

import numpy

BATCHES = (256, 1024, 4096)


def _chunks(n, batch):
    return [slice(i, min(i + batch, n)) for i in range(0, n, batch)]


def _spread(pool, call, parts):
    """call(part) for every part over the pool's threads, answers in order."""
    return numpy.concatenate(list(pool.map(call, parts)))


def onnxruntime_session(ort, model, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def onnxruntime_candidates(ort, model, weights, threads, x, batches=BATCHES):
    ways = [("intra_op", onnxruntime_session(ort, model, threads), None)]
    if threads > 1:
        ways.append(("streams", onnxruntime_session(ort, model, 1), concurrent.futures.ThreadPoolExecutor(threads)))
    for way, session, pool in ways:
        for batch in batches:
            parts = [x[s] for s in _chunks(len(x), batch)]
            if pool and len(parts) < threads:
                continue
            one = lambda part, session=session: session.run(None, {"features": part})[0]
            if pool:
                yield f"{way} {threads}, batch {batch}", lambda pool=pool, one=one, parts=parts: _spread(
                    pool, one, parts
                )
            else:
                yield f"{way} {threads}, batch {batch}", lambda one=one, parts=parts: numpy.concatenate(
                    [one(p) for p in parts]
                )


def onnxruntime_one(ort, model, weights, x):
    """One window a call: plain, and with inputs and outputs bound beforehand."""
    session = onnxruntime_session(ort, model, 1)
    feed = {"features": x}
    yield "run", lambda: session.run(None, feed)[0]
    binding, out = session.io_binding(), numpy.empty((1, 1), numpy.float32)
    given, taken = ort.OrtValue.ortvalue_from_numpy(x), ort.OrtValue.ortvalue_from_numpy(out)
    binding.bind_ortvalue_input("features", given)
    binding.bind_ortvalue_output("predictions", taken)

    def bound():
        session.run_with_iobinding(binding)
        return taken.numpy()

    yield "io binding", bound


def _openvino_compile(openvino, model, threads, streams, shape):
    core = openvino.Core()
    graph = core.read_model(str(model))
    graph.reshape({"features": list(shape)})
    return core.compile_model(
        graph,
        "CPU",
        {
            "PERFORMANCE_HINT": "THROUGHPUT" if streams > 1 else "LATENCY",
            "NUM_STREAMS": str(streams),
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",
            "ENABLE_CPU_PINNING": False,
        },
    )


def openvino_candidates(openvino, model, weights, threads, x, batches=BATCHES):
    for streams in sorted({1, threads}):
        for batch in batches:
            parts = [x[s] for s in _chunks(len(x), batch)]
            if len(x) % batch or len(parts) < streams:
                continue
            compiled = _openvino_compile(openvino, model, threads, streams, (batch, *x.shape[1:]))
            yield f"streams {streams} of {threads} threads, batch {batch}", _openvino_call(
                openvino, compiled, streams, parts
            )


def _openvino_call(openvino, compiled, streams, parts):
    queue = openvino.AsyncInferQueue(compiled, streams)
    answers = [None] * len(parts)

    def keep(request, i):
        answers[i] = request.get_output_tensor().data.copy()

    queue.set_callback(keep)

    def call():
        for i, part in enumerate(parts):
            queue.start_async({0: part}, i, share_inputs=True)
        queue.wait_all()
        return numpy.concatenate(answers)

    return call


def openvino_one(openvino, model, weights, x):
    request = _openvino_compile(openvino, model, 1, 1, x.shape).create_infer_request()
    request.set_input_tensor(openvino.Tensor(x, shared_memory=True))

    def call():
        request.infer()
        return request.get_output_tensor().data

    yield "latency, f32, static shape", call


def _torch_kinds(torch, weights, example):
    """nn.LSTM eager, and traced and frozen; both through oneDNN, and eager through ATen's own cell loop."""
    import warnings
    from nets import torch_module

    warnings.filterwarnings("ignore", message=".*torch.jit.*")  # its warning is that tracing will go one day
    net = torch_module(torch, weights).eval()
    with torch.inference_mode(), torch.no_grad():
        frozen = torch.jit.freeze(torch.jit.trace(net, example))
    return [("eager", net, True), ("traced and frozen", frozen, True), ("eager, no oneDNN", net, False)]


def _torch_call(torch, net, onednn):
    def call(part):
        with torch.inference_mode():
            return net(part).numpy()

    def without(part):
        torch._C._set_mkldnn_enabled(False)
        try:
            return call(part)
        finally:
            torch._C._set_mkldnn_enabled(True)

    return call if onednn else without


def torch_candidates(torch, model, weights, threads, x, batches=BATCHES):
    tensor = torch.from_numpy(x)
    pool = concurrent.futures.ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    for name, net, onednn in _torch_kinds(torch, weights, tensor[: batches[0]]):
        for batch in batches:
            parts = [tensor[s] for s in _chunks(len(x), batch)]

            one = _torch_call(torch, net, onednn)

            def inside(one=one, parts=parts):
                torch.set_num_threads(threads)
                return numpy.concatenate([one(p) for p in parts])

            yield f"{name}, {threads} threads, batch {batch}", inside
            if threads > 1 and len(parts) >= threads and onednn:
                yield f"{name}, {threads} streams, batch {batch}", lambda one=one, parts=parts: _spread(
                    pool, one, parts
                )


def torch_one(torch, model, weights, x):
    tensor = torch.from_numpy(x)
    torch.set_num_threads(1)
    for name, net, onednn in _torch_kinds(torch, weights, tensor):
        yield name, lambda one=_torch_call(torch, net, onednn): one(tensor)


MANY = {"onnxruntime": onnxruntime_candidates, "openvino": openvino_candidates, "torch": torch_candidates}
ONE = {"onnxruntime": onnxruntime_one, "openvino": openvino_one, "torch": torch_one}
