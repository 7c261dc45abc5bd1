#include "engine/ops/shape.h"

#include <algorithm>
#include <numeric>

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/elementwise.h"

namespace ganymede {

using kernels::Kernels;
using kernels::Stream;
using Strided = kernels::ElementwiseKernels::Strided;

namespace {

std::vector<int64_t> strides(const Shape& shape) {
  std::vector<int64_t> s(shape.rank());
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) s[i] = step, step *= shape[i];
  return s;
}

// Where f32 and bf16 meet, all in f32: such as real pictures beside those of a network that multiplies in bf16.
Tensors with_bf16_as_f32(const Tensors& xs) {
  if (std::none_of(xs.begin(), xs.end(), [](const Tensor& x) { return x.dtype() == DType::f32; })) return xs;
  Tensors same;
  for (const Tensor& x : xs) same.push_back(x.dtype() == DType::bf16 ? cast(x, DType::f32) : x);
  return same;
}

// Copies a box of `dims` elements with the given strides and first elements.
void copy_box(const Shape& dims, const Tensor& from, int64_t first_from, const std::vector<int64_t>& stride_from,
              const Tensor& to, int64_t first_to, const std::vector<int64_t>& stride_to) {
  if (dims.count() == 0) return;
  Strided plan{};
  plan.rank = dims.rank();
  for (int i = 0; i < dims.rank(); ++i) plan.dims[i] = dims[i], plan.stride_from[i] = stride_from[i], plan.stride_to[i] = stride_to[i];
  const int bytes = int(dtype_bytes(from.dtype()));
  launch(from.device(), [plan, bytes, p = from.data(), q = to.data(), first_from, first_to](const Kernels& k, Stream s) {
    k.elementwise.copy(s, plan, bytes, static_cast<const char*>(p) + first_from * bytes, static_cast<char*>(q) + first_to * bytes);
  });
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  if (shape == x.shape()) return x;
  require(shape.count() == x.count(), "reshape: ", x.shape(), " has ", x.count(), " elements, ", shape, " has ", shape.count());
  return record("reshape", x.viewed(shape), {x}, [old = x.shape()](Backward& b) { b.results[0] = reshape(b.grad(), old); });
}

Tensor reshape(const Tensor& x, const std::vector<int64_t>& dims) {
  std::vector<int64_t> d = dims;
  int64_t known = 1;
  auto open = d.end();
  for (auto it = d.begin(); it != d.end(); ++it) {
    if (*it != -1) { known *= *it; continue; }
    require(open == d.end(), "reshape: more than one extent is -1");
    open = it;
  }
  if (open != d.end()) {
    require(known > 0 && x.count() % known == 0, "reshape: ", x.shape(), " does not divide into the known extents (", known, ")");
    *open = x.count() / known;
  }
  return reshape(x, Shape(d));
}

Tensor flatten(const Tensor& x, int from) {
  Shape s;
  int64_t rest = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < from) s.push_back(x.shape()[i]);
    else rest *= x.shape()[i];
  }
  s.push_back(rest);
  return reshape(x, s);
}

Tensor permute(const Tensor& x, const std::vector<int>& axes) {
  require(int(axes.size()) == x.rank(), "permute: ", axes.size(), " axes for a tensor of shape ", x.shape());
  const auto from = strides(x.shape());
  std::vector<int> inverse(axes.size(), -1);
  std::vector<int64_t> taken(axes.size());
  Shape shape;
  for (int i = 0; i < int(axes.size()); ++i) {
    const int a = x.shape().axis(axes[i]);
    require(inverse[a] < 0, "permute: axis ", a, " named twice");
    inverse[a] = i;
    taken[i] = from[a];
    shape.push_back(x.shape()[a]);
  }
  Tensor y(shape, x.dtype(), x.device());
  copy_box(shape, x, 0, taken, y, 0, strides(shape));
  return record("permute", y, {x}, [inverse](Backward& b) { b.results[0] = permute(b.grad(), inverse); });
}

Tensor transpose(const Tensor& x) {
  std::vector<int> axes(x.rank());
  std::iota(axes.begin(), axes.end(), 0);
  require(x.rank() >= 2, "transpose: a tensor of shape ", x.shape());
  std::swap(axes[x.rank() - 1], axes[x.rank() - 2]);
  return permute(x, axes);
}

Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end) {
  const int a = x.shape().axis(axis);
  require(0 <= begin && begin <= end && end <= x.shape()[a], "slice: ", begin, " to ", end, " of axis ", a, " of shape ", x.shape());
  if (begin == 0 && end == x.shape()[a]) return x;
  Tensor y;
  if (a == 0) {
    y = x.rows(begin, end);
  } else {
    Shape shape = x.shape();
    shape[a] = end - begin;
    y = Tensor(shape, x.dtype(), x.device());
    const auto from = strides(x.shape());
    copy_box(shape, x, begin * from[a], from, y, 0, strides(shape));
  }
  return record("slice", y, {x}, [a, begin, tail = x.shape()[a] - end, rank = x.rank()](Backward& b) {
    std::vector<int64_t> before(rank, 0), after(rank, 0);
    before[a] = begin, after[a] = tail;
    b.results[0] = pad_zero(b.grad(), before, after);
  });
}

Tensor pad_zero(const Tensor& x, const std::vector<int64_t>& before, const std::vector<int64_t>& after) {
  require(int(before.size()) == x.rank() && int(after.size()) == x.rank(), "pad: ", before.size(), " amounts for shape ", x.shape());
  Shape shape = x.shape();
  bool any = false;
  for (int i = 0; i < x.rank(); ++i) {
    require(before[i] >= 0 && after[i] >= 0, "pad: negative amount ", std::min(before[i], after[i]), "; use slice to crop");
    any |= before[i] || after[i];
    shape[i] += before[i] + after[i];
  }
  if (!any) return x;
  Tensor y = full(shape, 0, x.dtype(), x.device());
  const auto to = strides(shape);
  int64_t first = 0;
  for (int i = 0; i < x.rank(); ++i) first += before[i] * to[i];
  copy_box(x.shape(), x, 0, strides(x.shape()), y, first, to);
  return record("pad_zero", y, {x}, [before, inner = x.shape()](Backward& b) {
    Tensor g = b.grad();
    for (int i = 0; i < inner.rank(); ++i) g = slice(g, i, before[i], before[i] + inner[i]);
    b.results[0] = g;
  });
}

Tensor concat(const Tensors& given, int axis) {
  require(!given.empty(), "concat of nothing");
  const Tensors xs = with_bf16_as_f32(given);
  const int a = xs[0].shape().axis(axis);
  Shape shape = xs[0].shape();
  shape[a] = 0;
  for (const Tensor& x : xs) {
    require(x.rank() == shape.rank() && x.dtype() == xs[0].dtype(), "concat: ", x.dtype(), " ", x.shape(), " beside ", xs[0].dtype(), " ", xs[0].shape());
    for (int i = 0; i < shape.rank(); ++i)
      require(i == a || x.shape()[i] == xs[0].shape()[i], "concat along axis ", a, ": shapes ", xs[0].shape(), " and ", x.shape());
    shape[a] += x.shape()[a];
  }
  Tensor y(shape, xs[0].dtype(), xs[0].device());
  const auto to = strides(shape);
  std::vector<int64_t> ends;
  int64_t at = 0;
  for (const Tensor& x : xs) {
    copy_box(x.shape(), x, 0, strides(x.shape()), y, at * to[a], to);
    ends.push_back(at += x.shape()[a]);
  }
  return record("concat", y, xs, [a, ends](Backward& b) {
    for (size_t i = 0; i < ends.size(); ++i)
      if (b.needs(int(i))) b.results[i] = slice(b.grad(), a, i ? ends[i - 1] : 0, ends[i]);
  });
}

Tensor join(const Tensors& xs, DType dtype) {
  require(!xs.empty() && xs[0].rank() > 0, "join of nothing");
  Shape shape = xs[0].shape();
  shape[0] = 0;
  std::vector<int64_t> ends;
  std::vector<kernels::ElementwiseKernels::Piece> pieces;
  for (const Tensor& x : xs) {
    Shape same = x.shape();
    same[0] = xs[0].dim(0);
    require(same == xs[0].shape() && is_floating(x.dtype()), "join: ", x.dtype(), " ", x.shape(), " behind ", xs[0].dtype(), " ", xs[0].shape());
    ends.push_back(shape[0] += x.dim(0));
    const auto number = uniform_value(x);
    pieces.push_back({number ? nullptr : x.data(), x.dtype(), x.count(), number.value_or(0)});
  }
  const Tensor y(shape, dtype, xs[0].device());
  launch(y.device(), [pieces, dtype, q = y.data()](const Kernels& k, Stream s) { k.elementwise.join(s, dtype, pieces.data(), int(pieces.size()), q); });
  std::vector<DType> types;
  for (const Tensor& x : xs) types.push_back(x.dtype());
  return record("join", y, xs, [ends, types](Backward& b) {
    for (size_t i = 0; i < ends.size(); ++i)
      if (b.needs(int(i))) b.results[i] = cast(slice(b.grad(), 0, i ? ends[i - 1] : 0, ends[i]), types[i]);
  });
}

Tensors split(const Tensor& x, int64_t parts) {
  require(x.rank() > 0 && parts > 0 && x.dim(0) % parts == 0, "split: ", x.shape(), " into ", parts, " parts");
  const int64_t rows = x.dim(0) / parts;
  Tensors ys;
  for (int64_t i = 0; i < parts; ++i) ys.push_back(x.rows(i * rows, (i + 1) * rows));
  return record("split", ys, {x}, [parts, shape = ys[0].shape(), t = x.dtype(), device = x.device()](Backward& b) {
    Tensors gs;
    for (int i = 0; i < int(parts); ++i) gs.push_back(b.grad(i) ? b.grad(i) : uniform_constant(shape, 0, t, device));
    b.results[0] = join(gs, t);
  });
}

Tensor flip(const Tensor& x, int axis) {
  const int a = x.shape().axis(axis);
  auto from = strides(x.shape());
  const int64_t last = (x.shape()[a] - 1) * from[a];
  from[a] = -from[a];
  Tensor y(x.shape(), x.dtype(), x.device());
  copy_box(x.shape(), x, std::max<int64_t>(last, 0), from, y, 0, strides(x.shape()));
  return record("flip", y, {x}, [a](Backward& b) { b.results[0] = flip(b.grad(), a); });
}

Tensor roll(const Tensor& x, int64_t shift, int axis) {
  const int a = x.shape().axis(axis);
  const int64_t n = x.shape()[a];
  if (n == 0) return x;
  const int64_t k = ((shift % n) + n) % n;
  return k == 0 ? x : concat({slice(x, a, n - k, n), slice(x, a, 0, n - k)}, a);
}

Tensor stack(const Tensors& xs) {
  Tensors rows;
  for (const Tensor& x : xs) {
    std::vector<int64_t> dims{1};
    dims.insert(dims.end(), x.shape().begin(), x.shape().end());
    rows.push_back(reshape(x, Shape(dims)));
  }
  return concat(rows, 0);
}

}  // namespace ganymede
