#include "engine/onnx/recorder.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/check.h"

namespace ganymede::onnx_graph {
namespace {

int bytes_of(Type type) { return type == Type::i64 ? 8 : type == Type::f32 ? 4 : 1; }
const char* as_chars(const void* data) { return static_cast<const char*>(data); }

// Neighbouring axes that lie one behind the other in both layouts become one; axes of one element vanish.
Recorder::Strided merged(const Recorder::Strided& s) {
  Recorder::Strided m;
  for (size_t i = 0; i < s.dims.size(); ++i) {
    if (s.dims[i] == 1) continue;
    if (!m.dims.empty() && m.from.back() == s.from[i] * s.dims[i] && m.to.back() == s.to[i] * s.dims[i]) {
      m.dims.back() *= s.dims[i], m.from.back() = s.from[i], m.to.back() = s.to[i];
    } else {
      m.dims.push_back(s.dims[i]), m.from.push_back(s.from[i]), m.to.push_back(s.to[i]);
    }
  }
  if (m.dims.empty()) m = {{1}, {1}, {1}};
  return m;
}

// Axes by falling steps of the result.
Recorder::Strided ordered(const Recorder::Strided& s) {
  std::vector<size_t> order(s.dims.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return std::abs(s.to[a]) > std::abs(s.to[b]); });
  Recorder::Strided o;
  for (const size_t i : order) o.dims.push_back(s.dims[i]), o.from.push_back(s.from[i]), o.to.push_back(s.to[i]);
  return o;
}

int64_t product(const std::vector<int64_t>& dims) { return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>()); }

std::vector<int64_t> places(const std::vector<int64_t>& dims, const std::vector<int64_t>& steps, int64_t first) {
  std::vector<int64_t> all{first};
  for (size_t i = 0; i < dims.size(); ++i) {
    std::vector<int64_t> next;
    next.reserve(all.size() * size_t(dims[i]));
    for (const int64_t at : all)
      for (int64_t k = 0; k < dims[i]; ++k) next.push_back(at + k * steps[i]);
    all = std::move(next);
  }
  return all;
}

}  // namespace

void Recorder::cut(const char* at) {
  auto next = regions_.upper_bound(at);
  if (next == regions_.begin()) return;
  auto& [begin, region] = *std::prev(next);
  if (begin == at || begin + region.bytes <= at) return;
  const Type type = graph.type(region.value);
  const int64_t size = bytes_of(type), count = int64_t(region.bytes) / size, head = (at - begin) / size;
  require((at - begin) % size == 0, "onnx: memory of ", count, " elements is read between two of them");
  const Value flat = graph.reshaped(region.value, {count});
  const auto piece = [&](int64_t from, int64_t to) { return graph.node("Slice", {flat, graph.list({from}), graph.list({to})}, {}, {to - from}, type); };
  const Value tail = piece(head, count);
  region.value = piece(0, head);
  region.bytes = size_t(head * size);
  regions_[at] = {size_t((count - head) * size), tail};
}

const char* Recorder::element_around(const char* at, bool behind) const {
  auto next = regions_.upper_bound(at);
  if (next == regions_.begin()) return at;
  const auto& [begin, region] = *std::prev(next);
  const int64_t size = bytes_of(graph.type(region.value)), odd = (at - begin) % size;
  if (begin + region.bytes <= at || odd == 0) return at;
  return behind ? at + (size - odd) : at - odd;
}

void Recorder::clear(const char* begin, const char* end) {
  if (!depends(begin, size_t(end - begin))) return;
  begin = element_around(begin, false), end = element_around(end, true);  // memory that held longer elements: none of it is left in part
  cut(begin), cut(end);
  regions_.erase(regions_.lower_bound(begin), regions_.lower_bound(end));
}

bool Recorder::depends(const void* data, size_t bytes) const {
  const char *begin = as_chars(data), *end = begin + bytes;
  auto next = regions_.lower_bound(begin);
  if (next != regions_.end() && next->first < end) return true;
  if (next != regions_.begin() && std::prev(next)->first + std::prev(next)->second.bytes > begin) return true;
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& p) { return p.first < end && p.end() > begin; });
}

void Recorder::write(const void* data, Value v) {
  const size_t bytes = size_t(graph.shape(v).count()) * size_t(bytes_of(graph.type(v)));
  forget(data, bytes);
  if (bytes) regions_[as_chars(data)] = {bytes, v};
}

void Recorder::forget(const void* data, size_t bytes) {
  const char *begin = as_chars(data), *end = begin + bytes;
  std::erase_if(parts_, [&](const Part& p) { return p.first < end && p.end() > begin; });
  clear(begin, end);
}

Value Recorder::constant_of(const void* data, const Shape& shape, Type type) {
  const size_t count = size_t(shape.count());
  if (type == Type::f32) {
    std::vector<float> numbers(count);
    std::memcpy(numbers.data(), data, count * sizeof(float));
    return graph.constant(std::move(numbers), shape);
  }
  std::vector<int64_t> numbers(count);
  std::memcpy(numbers.data(), data, count * sizeof(int64_t));
  return graph.constant(std::move(numbers), shape);
}

Value Recorder::plain(const char* from, int64_t count, Type type) {
  const int64_t size = bytes_of(type);
  const char* end = from + count * size;
  if (!depends(from, size_t(count * size))) return constant_of(from, {count}, type);
  if (const auto whole = regions_.find(from); whole != regions_.end() && int64_t(whole->second.bytes) == count * size) return graph.reshaped(whole->second.value, {count});
  cut(from), cut(end);
  Values pieces;
  for (const char* at = from; at < end;) {
    const auto next = regions_.lower_bound(at);
    if (next != regions_.end() && next->first == at) {
      require(graph.type(next->second.value) == type, "onnx: memory is read as another type than it was written");
      pieces.push_back(graph.reshaped(next->second.value, {int64_t(next->second.bytes) / size}));
      at += next->second.bytes;
    } else {
      const char* until = next == regions_.end() ? end : std::min(end, next->first);
      pieces.push_back(constant_of(at, {(until - at) / size}, type));
      at = until;
    }
  }
  return pieces.size() == 1 ? pieces[0] : graph.node("Concat", pieces, {{"axis", int64_t{0}}}, {count}, type);
}

Value Recorder::assembled(const char* from, int64_t count, Type type, const std::vector<Part>& parts) {
  const int64_t size = bytes_of(type), step = parts[0].to[0];
  // Rows of all of them at the same places, side by side within a row of the memory: joined, with constants in the gaps.
  std::vector<Part> row = parts;
  std::sort(row.begin(), row.end(), [](const Part& a, const Part& b) { return a.first < b.first; });
  const int64_t top = (row[0].first - from) / size / step, rows = row[0].dims[0];
  const auto columns_of = [](const Part& p) { return p.dims.size() > 1 ? p.dims[1] : 1; };
  bool fits = count % step == 0 && type == Type::f32;
  for (const Part& p : row)
    fits = fits && p.to[0] == step && (p.dims.size() == 1 || (p.dims.size() == 2 && p.to[1] == 1)) && p.dims[0] == rows && (p.first - from) / size / step == top &&
           (p.first - from) / size % step + columns_of(p) <= step;
  const auto constants = [&](int64_t first_row, int64_t rows, int64_t column, int64_t columns) {
    std::vector<float> numbers;
    for (int64_t r = 0; r < rows; ++r) {
      const float* at = reinterpret_cast<const float*>(from) + (first_row + r) * step + column;
      numbers.insert(numbers.end(), at, at + columns);
    }
    return graph.constant(std::move(numbers), {rows, columns});
  };
  if (fits) {
    Values side;
    int64_t at = 0;
    for (const Part& p : row) {
      const int64_t column = (p.first - from) / size % step;
      if (column > at) side.push_back(constants(top, rows, at, column - at));
      side.push_back(graph.reshaped(p.value, {rows, columns_of(p)}));
      at = column + columns_of(p);
    }
    if (at < step) side.push_back(constants(top, rows, at, step - at));
    Value v = side.size() == 1 ? side[0] : graph.node("Concat", side, {{"axis", int64_t{1}}}, {rows, step});
    const int64_t all = count / step;
    Values up;
    if (top > 0) up.push_back(constants(0, top, 0, step));
    up.push_back(v);
    if (top + rows < all) up.push_back(constants(top + rows, all - top - rows, 0, step));
    if (up.size() > 1) v = graph.node("Concat", up, {{"axis", int64_t{0}}}, {all, step});
    return graph.reshaped(v, {count});
  }
  Value v = plain(from, count, type);
  for (const Part& p : parts) {
    const std::vector<int64_t> at = places(p.dims, p.to, (p.first - from) / size);
    v = graph.node("ScatterElements", {v, graph.list(at), graph.reshaped(p.value, {int64_t(at.size())})}, {{"axis", int64_t{0}}}, {count}, type);
  }
  return v;
}

void Recorder::put_together(const char* from, const char* end, Type type) {
  // What is read, and all parts that meet it.
  std::vector<Part> parts;
  for (bool more = true; more;) {
    more = false;
    std::erase_if(parts_, [&](const Part& p) {
      if (p.first >= end || p.end() <= from) return false;
      parts.push_back(p), from = std::min(from, p.first), end = std::max(end, p.end()), more = true;
      return true;
    });
  }
  if (!parts.empty()) write(from, assembled(from, (end - from) / bytes_of(type), type, parts));
}

Value Recorder::read(const void* data, const Shape& shape, Type type) {
  const char* from = as_chars(data);
  put_together(from, from + shape.count() * bytes_of(type), type);
  return graph.reshaped(plain(from, shape.count(), type), shape);
}

Value Recorder::gathered(const char* from, const Strided& s, Type type) {
  const int64_t size = bytes_of(type);
  int64_t low = 0, high = 0;
  for (size_t i = 0; i < s.dims.size(); ++i) (s.from[i] < 0 ? low : high) += (s.dims[i] - 1) * s.from[i];
  // The whole region that the elements lie in, if it is one: slices of it are words of their own.
  const char *begin = from + low * size, *end = from + (high + 1) * size;
  put_together(begin, end, type);
  if (const auto next = regions_.upper_bound(begin); next != regions_.begin()) {
    const auto& [at, region] = *std::prev(next);
    if (at + region.bytes >= end && (begin - at) % size == 0) begin = at, end = at + region.bytes;
  }
  const int64_t count = (end - begin) / size, first = (from - begin) / size;
  const Value flat = plain(begin, count, type);
  // As axes of the region: steps that divide one another, each with its start, none running over its end.
  std::vector<size_t> axes;
  for (size_t i = 0; i < s.dims.size(); ++i)
    if (s.from[i] != 0) axes.push_back(i);
  std::stable_sort(axes.begin(), axes.end(), [&](size_t a, size_t b) { return std::abs(s.from[a]) > std::abs(s.from[b]); });
  bool boxed = int(axes.size()) < kernels::kMaxRank;
  std::vector<int64_t> extent, start;
  int64_t above = count, rest = first;
  for (const size_t i : axes) {
    const int64_t step = std::abs(s.from[i]);
    boxed = boxed && above % step == 0;
    if (!boxed) break;
    extent.push_back(above / step), start.push_back(rest / step);
    const int64_t last = start.back() + (s.from[i] > 0 ? 1 : -1) * (s.dims[i] - 1);
    boxed = last >= 0 && last < extent.back();
    above = step, rest %= step;
  }
  if (!boxed || axes.empty()) {
    const std::vector<int64_t> at = places(s.dims, s.from, first);
    return graph.node("Gather", {flat, graph.list(at)}, {{"axis", int64_t{0}}}, {int64_t(at.size())}, type);
  }
  const bool trailing = above > 1;   // elements between two of the innermost axis
  if (trailing) extent.push_back(above), start.push_back(rest);
  Value v = graph.reshaped(flat, Shape(extent));
  Shape box;
  std::vector<int64_t> begins, ends, which, steps;
  for (size_t i = 0; i < extent.size(); ++i) {
    const bool extra = trailing && i + 1 == extent.size();
    const int64_t n = extra ? 1 : s.dims[axes[i]], sign = extra || s.from[axes[i]] > 0 ? 1 : -1;
    box.push_back(n);
    if (n == extent[i] && sign > 0) continue;
    which.push_back(int64_t(i)), steps.push_back(sign), begins.push_back(start[i]);
    const int64_t stop = start[i] + sign * n;
    ends.push_back(stop < 0 ? INT64_MIN : stop);
  }
  if (!which.empty()) v = graph.node("Slice", {v, graph.list(begins), graph.list(ends), graph.list(which), graph.list(steps)}, {}, box, type);
  // Into the order that is asked for, and repeated along the axes without a step.
  Shape taken;
  for (size_t i = 0; i < axes.size(); ++i) taken.push_back(s.dims[axes[i]]);
  v = graph.reshaped(v, taken);
  std::vector<int> order;
  for (size_t i = 0; i < s.dims.size(); ++i)
    if (const auto a = std::find(axes.begin(), axes.end(), i); a != axes.end()) order.push_back(int(a - axes.begin()));
  v = graph.transposed(v, order);
  Shape ones;
  for (size_t i = 0; i < s.dims.size(); ++i) ones.push_back(s.from[i] == 0 ? 1 : s.dims[i]);
  v = graph.reshaped(v, ones);
  const Shape full(s.dims);
  return ones == full ? v : graph.node("Expand", {v, graph.list(s.dims)}, {}, full, type);
}

void Recorder::copy(const Strided& given, const void* from, const void* to, Type type) {
  const Strided s = ordered(merged(given));
  const int64_t count = product(s.dims), size = bytes_of(type);
  for (const int64_t step : s.to) require(step > 0, "onnx: a copy that writes backwards");
  const char* first = as_chars(to);
  int64_t reach = 1, low = 0, high = 0;
  for (size_t i = 0; i < s.dims.size(); ++i) reach += (s.dims[i] - 1) * s.to[i], (s.from[i] < 0 ? low : high) += (s.dims[i] - 1) * s.from[i];
  const bool depending = depends(as_chars(from) + low * size, size_t((high - low + 1) * size));
  const bool whole = reach == count;
  if (!depending && whole) return forget(to, size_t(count * size));
  const Value v = depending ? gathered(as_chars(from), s, type) : Value{};
  if (whole) return write(to, v);
  // What the memory held before is gone where the copy writes, and nobody has seen the rest yet.
  clear(first, first + reach * size);
  const Part part{first, s.dims, s.to, reach, int(size), v};
  std::erase_if(parts_, [&](const Part& p) { return p.first < part.end() && p.end() > part.first && (p.to[0] != part.to[0] || p.first == part.first); });
  if (depending) parts_.push_back(part);
}

}  // namespace ganymede::onnx_graph
