"""PyTorch on the cases of bench_kernels: the thirty convolutions and their gradients, norms, resampling, grid sampling, attention,
optimisers, spectral norm.

    python3 bench/torch_kernels.py FILE.json [--device cpu|cuda] [--only REGEX] [--threads N] [--seconds N]
    bench_report BENCH.json FILE.json PREFIX

Writes Google Benchmark's JSON with the same names, ending in torch (eager) or torch_compile, the better of contiguous and
channels_last taken. Gradients are timed as PyTorch's own backward of a recorded forward. Times are medians over rotated inputs;
on cuda of CUDA graphs where the operation can be captured, else of eager calls.
"""

import argparse
import contextlib
import json
import pathlib
import re
import statistics
import time

import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel


GENERATORS = {}


def normal(*shape, device, dtype=torch.float32):
    """From a generator of its own: a capture that fails leaves the standard one unusable."""
    if device not in GENERATORS:
        GENERATORS[device] = torch.Generator(device)
    return torch.empty(*shape, device=device, dtype=dtype).normal_(generator=GENERATORS[device])


def normal_like(x):
    return normal(*x.shape, device=x.device.type, dtype=x.dtype)


def median_us(call, sets, device):
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    for i in range(sets):
        call(i)
    wait()
    if device == "cuda":
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                call(0)
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                for i in range(4 * sets):
                    call(i % sets)
            times = []
            for _ in range(13):
                begin = time.perf_counter()
                graph.replay()
                wait()
                times.append((time.perf_counter() - begin) * 1e6 / (4 * sets))
            return statistics.median(times[2:])
        except RuntimeError:
            torch.cuda.synchronize()
    times, begun, i = [], time.perf_counter(), 0
    while len(times) < 5 or (len(times) < 200 and time.perf_counter() - begun < 0.2):
        begin = time.perf_counter()
        call(i % sets)
        wait()
        times.append((time.perf_counter() - begin) * 1e6)
        i += 1
    return statistics.median(times)


def sets_for(tensor, device):
    cache, most = (64e6, 16) if device == "cuda" else (32e6, 4)
    return int(max(2, min(2 * cache / max(tensor.nbytes, 1), most)))


class Cases:
    def __init__(self, device, only, seconds):
        self.device, self.only, self.rows, self.end = device, re.compile(only), [], time.monotonic() + seconds

    def wants(self, name):
        return self.only.search(name) and time.monotonic() < self.end

    def add(self, name, forward, inputs, gradient=False, layouts=(torch.contiguous_format, torch.channels_last)):
        """forward(*inputs); inputs: tensors, the first rotated; gradient: times the backward instead."""
        layouts = layouts if inputs[0].dim() == 4 else (torch.contiguous_format,)
        self.measure(name, layouts, lambda compiled, layout: self.prepare(torch.compile(forward) if compiled else forward, inputs, gradient, layout))

    def measure(self, name, layouts, prepare, ways=("torch", "torch_compile")):
        """prepare(compiled, layout): the call on a set of operands, and how many sets there are."""
        for who in ways if self.device == "cuda" else ways[:1]:
            best = None
            for layout in layouts:
                if not self.wants(name):
                    break
                try:
                    us = median_us(*prepare(who == "torch_compile", layout), self.device)
                except Exception as error:  # what this build cannot do is left out
                    print(f"{name}/{who}: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}", flush=True)
                    continue
                best = us if best is None else min(best, us)
            if best is not None:
                self.rows.append({"name": f"{name}/{who}", "run_type": "iteration", "real_time": best, "time_unit": "us"})
                print(f"{name}/{who}: {best:.1f} us", flush=True)

    def prepare(self, f, inputs, gradient, layout):
        sets = sets_for(inputs[0], self.device)

        def copy(t, fresh):
            t = t.detach().clone() if fresh else t.detach()
            t = t.to(memory_format=layout) if t.dim() == 4 else t
            return t.requires_grad_(gradient and t.is_floating_point())

        rotated = [[copy(t, k == 0) for k, t in enumerate(inputs)] for _ in range(sets)]
        if not gradient:
            return torch.no_grad()(lambda i: f(*rotated[i])), sets
        outputs = [f(*r) for r in rotated]
        above = normal_like(outputs[0])
        return lambda i: torch.autograd.grad(outputs[i], rotated[i], above, retain_graph=True), sets


def add_convolutions(c, dtype, name):
    """The rows of kernels/api/conv2d_rows.h. A gradient is asked for alone, as for each of ours."""
    table = (pathlib.Path(__file__).parent.parent / "kernels/api/conv2d_rows.h").read_text()
    for row, transposed, numbers in re.findall(r'\{"(\w+)", (true|false), ([\d, ]+)\}', table):
        n, h, w, channels, k, kernel, stride, pad, extra = ([int(x) for x in numbers.split(", ")] + [0])[:9]
        deconvolution = transposed == "true"
        shape = (channels, k, kernel, kernel) if deconvolution else (k, channels, kernel, kernel)
        options = ([stride] * 2, [pad] * 2, [1, 1], deconvolution, [extra] * 2, 1)
        for direction in ("forward", "data_gradient", "weight_gradient"):
            def prepare(_, layout, direction=direction):
                def random(*shape):
                    return normal(*shape, device=c.device, dtype=dtype).to(memory_format=layout)

                x = random(n, channels, h, w)
                sets, weight = sets_for(x, c.device), random(*shape)
                xs = [x] + [random(n, channels, h, w) for _ in range(sets - 1)]
                if direction == "forward":
                    return torch.no_grad()(lambda i: torch.convolution(xs[i], weight, None, *options)), sets
                above = [normal_like(torch.convolution(x, weight, None, *options)) for x in xs]
                mask = [direction == "data_gradient", direction == "weight_gradient", False]
                backward = torch.ops.aten.convolution_backward
                return torch.no_grad()(lambda i: backward(above[i], xs[i], weight, None, *options, mask)), sets

            c.measure(f"conv2d/{direction}/{row}/{name}", (torch.contiguous_format, torch.channels_last), prepare, ("torch",))


def add_norms(c, dtype, name):
    n = 16
    for h, w, ch in ((64, 64, 64), (32, 32, 128), (8, 8, 512)):
        x = normal(n, ch, h, w, device=c.device, dtype=dtype)
        gamma, beta = (normal(ch, device=c.device) for _ in range(2))
        ways = {
            "batch": lambda x, g, b: F.batch_norm(x, None, None, g, b, True),
            "instance": lambda x, g, b: F.instance_norm(x, None, None, g.to(x.dtype), b.to(x.dtype)),
            "layer": lambda x, g, b: F.group_norm(x, 1, g.to(x.dtype), b.to(x.dtype)),
            "pixel": lambda x, g, b: x * torch.rsqrt(x.float().square().mean(1, True) + 1e-8).to(x.dtype) * g.to(x.dtype).view(1, -1, 1, 1)
            + b.to(x.dtype).view(1, -1, 1, 1),
        }
        for kind, f in ways.items():
            for gradient in (False, True):
                c.add(f"norm/{kind}/{'gradient' if gradient else 'forward'}/{h}x{w}x{ch}/{name}", f, (x, gamma, beta), gradient)


def add_pictures(c, dtype, name):
    def picture(n, size, ch):
        return normal(n, ch, size, size, device=c.device, dtype=dtype)

    up = lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")  # noqa: E731
    c.add(f"resize/bilinear_up/16x64x64x64/{name}", up, (picture(16, 64, 64),))
    c.add(f"resize/bilinear_up_gradient/16x128x128x64/{name}", up, (picture(16, 64, 64),), True)
    c.add(f"resize/bicubic_down/16x128x128x64/{name}", lambda x: F.interpolate(x, size=64, mode="bicubic", antialias=True), (picture(16, 128, 64),))
    c.add(f"resize/reflect_pad/4x64x64x256/{name}", lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"), (picture(4, 64, 256),))
    c.add(f"resize/average_pool/16x64x64x128/{name}", lambda x: F.avg_pool2d(x, 2), (picture(16, 64, 128),))
    grid = normal(16, 64, 64, 2, device=c.device, dtype=dtype).tanh()
    sample = lambda x, g: F.grid_sample(x, g, align_corners=False)  # noqa: E731
    c.add(f"grid_sample/forward/16x64x64x64/{name}", sample, (picture(16, 64, 64), grid))
    # PyTorch finds both gradients in one pass; each of ours is a case.
    c.add(f"grid_sample/data_gradient/16x64x64x64/{name}", sample, (picture(16, 64, 64), grid), True)


def add_attention(c, dtype, name):
    """Heads of 32 for queries and keys, 128 for values. Not every backend of scaled_dot_product_attention takes unequal heads, so that each
    is asked for them as they are and with queries and keys filled up to 128 with zeros, which changes no score; the filling itself, which
    a projection could do, is not timed. The best of all is reported; torch.compile has nothing to fuse here."""
    ways = [(None, False)]
    if c.device == "cuda":
        ways += [(backend, padded) for backend in (SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION, SDPBackend.EFFICIENT_ATTENTION)
                 for padded in (False, True)] + [(SDPBackend.MATH, False)]
    for side in (32, 64) if c.device == "cuda" else (32,):
        batch = 16 if c.device == "cuda" else 2
        q, k = (normal(batch, 1, side * side, 32, device=c.device, dtype=dtype) for _ in range(2))
        v = normal(batch, 1, side * side, 128, device=c.device, dtype=dtype)
        for gradient in (False, True):
            def prepare(_, way, q=q, k=k, v=v, gradient=gradient):
                backend, padded = way

                def attend(v, q, k):
                    with sdpa_kernel(backend) if backend else contextlib.nullcontext():
                        return F.scaled_dot_product_attention(q, k, v, scale=1.0)

                fill = (lambda t: F.pad(t, (0, 96))) if padded else (lambda t: t)
                return c.prepare(attend, (v, fill(q), fill(k)), gradient, torch.contiguous_format)

            direction = "gradient" if gradient else "forward"
            c.measure(f"attention/{direction}/{batch}x{side * side}x32x128/{name}", ways, prepare, ("torch",))


def add_parameters(c):
    fused = dict(fused=True, capturable=True) if c.device == "cuda" else dict(fused=True)
    makes = {"adam": lambda p: torch.optim.Adam(p, 1e-6, (0.5, 0.999), **fused), "sgd": lambda p: torch.optim.SGD(p, 1e-6, fused=True),
             "rmsprop": lambda p: torch.optim.RMSprop(p, 1e-6, foreach=True, **({"capturable": True} if c.device == "cuda" else {}))}
    for count in (3 << 20, 12 << 20):
        for kind, make in makes.items():
            if not c.wants(f"optimizer/{kind}/{count}/f32"):
                continue
            p = torch.nn.Parameter(normal(count, device=c.device))
            p.grad = normal_like(p)
            optimizer = make([p])
            us = median_us(lambda i: optimizer.step(), 2, c.device)
            c.rows.append({"name": f"optimizer/{kind}/{count}/f32/torch", "run_type": "iteration", "real_time": us, "time_unit": "us"})
            print(f"optimizer/{kind}/{count}/f32/torch: {us:.1f} us", flush=True)
    if not c.wants("spectral_norm/dcgan/f32"):
        return
    layers = [torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(columns, rows, bias=False)).to(c.device)
              for rows, columns in ((64, 48), (128, 1024), (256, 2048), (512, 4096), (1, 8192))]
    with torch.no_grad():
        us = median_us(lambda i: [layer.weight for layer in layers], 2, c.device)
    c.rows.append({"name": "spectral_norm/dcgan/f32/torch", "run_type": "iteration", "real_time": us, "time_unit": "us"})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", default="", help="regular expression that a case's name must meet")
    parser.add_argument("--threads", type=int, help="of a CPU (PyTorch's own choice)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no measurement after so many")
    o = parser.parse_args()
    if o.threads:
        torch.set_num_threads(o.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    c = Cases(o.device, o.only, o.seconds)
    for dtype, name in ((torch.bfloat16, "bf16"), (torch.float32, "f32")):
        add_attention(c, dtype, name)
        add_norms(c, dtype, name)
        add_pictures(c, dtype, name)
    add_parameters(c)
    for dtype, name in ((torch.bfloat16, "bf16"), (torch.float32, "f32")):
        add_convolutions(c, dtype, name)
    with open(o.file, "w") as out:
        json.dump({"context": {"torch": torch.__version__}, "benchmarks": c.rows}, out, indent=1)


if __name__ == "__main__":
    main()
