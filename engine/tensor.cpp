#include "engine/tensor.h"

#include <bit>
#include <cstring>

#include "engine/check.h"
#include "engine/context.h"

namespace ganymede {
namespace {

float widened(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

uint16_t narrow(float x) {
  uint32_t u = std::bit_cast<uint32_t>(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return uint16_t(u >> 16 | 0x40);
  return uint16_t((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

template <class T>
std::vector<T> host_copy(const Tensor& t) {
  std::vector<T> values(size_t(t.count()));
  if (t.count() == 0) return values;
  const auto& k = kernels_of(t.device()).device;
  k.download(k.stream(), values.data(), t.data(), t.bytes());
  return values;
}

template <class Out>
std::vector<Out> floating(const Tensor& t, const char* what) {
  forbid_host_read(what);
  const auto convert = [](const auto& v) { return std::vector<Out>(v.begin(), v.end()); };
  switch (t.dtype()) {
    case DType::f32: return convert(host_copy<float>(t));
    case DType::f64: return convert(host_copy<double>(t));
    case DType::bf16: {
      std::vector<Out> out;
      for (uint16_t b : host_copy<uint16_t>(t)) out.push_back(Out(widened(b)));
      return out;
    }
    default: fail(what, ": the tensor holds ", t.dtype(), ", not floating-point numbers");
  }
}

template <class T>
Tensor from_host(const std::vector<T>& values, const Shape& shape, DType dtype, const Device& device) {
  require(int64_t(values.size()) == shape.count(), "tensor: ", values.size(), " values for shape ", shape);
  Tensor t(shape, dtype, device);
  if (is_plan(device)) return t;
  const auto send = [&](const auto& v) { upload(t, v.data(), v.size() * sizeof v[0]); };
  switch (dtype) {
    case DType::f32: send(std::vector<float>(values.begin(), values.end())); break;
    case DType::f64: send(std::vector<double>(values.begin(), values.end())); break;
    case DType::bf16: {
      std::vector<uint16_t> bits;
      for (T v : values) bits.push_back(narrow(float(v)));
      send(bits);
      break;
    }
    default: fail("tensor: floating-point values into ", dtype);
  }
  return t;
}

}  // namespace

Tensor::Tensor(Shape shape, DType dtype, Device device)
    : storage_(std::make_shared<Storage>(device, size_t(shape.count()) * dtype_bytes(dtype))), shape_(shape), dtype_(dtype) {}

Tensor::Tensor(std::shared_ptr<Storage> storage, Shape shape, DType dtype) : storage_(std::move(storage)), shape_(shape), dtype_(dtype) {
  require(bytes() <= storage_->bytes, "a tensor of ", bytes(), " bytes in a storage of ", storage_->bytes);
}

void* Tensor::data() const {
  if (storage_->unwritten) {
    storage_->unwritten = false;
    const auto count = int64_t(storage_->bytes / dtype_bytes(dtype_));
    launch(storage_->device, [t = dtype_, count, value = *storage_->uniform, p = storage_->data](const kernels::Kernels& k, kernels::Stream s) { k.elementwise.fill(s, t, count, value, p); });
  }
  auto* base = static_cast<std::byte*>(storage_->data);
  return base ? base + offset_ * int64_t(dtype_bytes(dtype_)) : nullptr;
}

Tensor Tensor::viewed(const Shape& shape) const {
  require(shape.count() == count(), "a tensor of shape ", shape_, " cannot be viewed as ", shape);
  Tensor t = constant();
  t.shape_ = shape;
  return t;
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
  require(rank() > 0 && 0 <= begin && begin <= end && end <= shape_[0], "rows ", begin, " to ", end, " of a tensor of shape ", shape_);
  Tensor t = constant();
  t.shape_[0] = end - begin;
  t.offset_ += begin * (count() / std::max<int64_t>(shape_[0], 1));
  return t;
}

Tensor Tensor::window(int64_t offset, const Shape& shape) const {
  Tensor t = constant();
  t.offset_ = offset;
  t.shape_ = shape;
  require((offset + shape.count()) * int64_t(dtype_bytes(dtype_)) <= int64_t(storage_->bytes), "a window beyond its storage");
  return t;
}

Tensor Tensor::constant() const {
  Tensor t = *this;
  t.node_.reset();
  t.output_ = 0;
  return t;
}

Tensor Tensor::with_node(std::shared_ptr<Node> node, int output) const {
  Tensor t = *this;
  t.node_ = std::move(node);
  t.output_ = output;
  return t;
}

std::vector<float> Tensor::to_floats() const { return floating<float>(*this, "to_floats"); }
std::vector<double> Tensor::to_doubles() const { return floating<double>(*this, "to_doubles"); }

std::vector<int64_t> Tensor::to_integers() const {
  forbid_host_read("to_integers");
  const auto convert = [](const auto& v) { return std::vector<int64_t>(v.begin(), v.end()); };
  switch (dtype_) {
    case DType::i64: return host_copy<int64_t>(*this);
    case DType::i32: return convert(host_copy<int32_t>(*this));
    case DType::u8: return convert(host_copy<uint8_t>(*this));
    default: fail("to_integers: the tensor holds ", dtype_);
  }
}

double Tensor::item() const {
  require(count() == 1, "item: a tensor of shape ", shape_, " has ", count(), " elements, not one");
  return to_doubles()[0];
}

Tensor tensor(const std::vector<double>& v, const Shape& s, DType t, const Device& d) { return from_host(v, s, t, d); }
Tensor tensor(const std::vector<float>& v, const Shape& s, DType t, const Device& d) { return from_host(v, s, t, d); }

Tensor tensor(const std::vector<int64_t>& values, const Shape& shape, const Device& device) {
  require(int64_t(values.size()) == shape.count(), "tensor: ", values.size(), " values for shape ", shape);
  Tensor t(shape, DType::i64, device);
  if (!is_plan(device)) upload(t, values.data(), values.size() * sizeof values[0]);
  return t;
}

void upload(const Tensor& to, const void* from, size_t bytes) {
  require(bytes == to.bytes(), "upload of ", bytes, " bytes into a tensor of ", to.bytes());
  to.storage()->uniform.reset();
  if (is_plan(to.device())) return;
  ++to.storage()->version;
  if (bytes == 0) return;
  const auto& k = kernels_of(to.device()).device;
  k.upload(k.stream(), to.data(), from, bytes);
}

void assign(const Tensor& to, const Tensor& from) {
  require(to.shape() == from.shape() && to.dtype() == from.dtype(), "assign: ", to.dtype(), " ", to.shape(), " from ",
          from.dtype(), " ", from.shape());
  if (is_plan(to.device()) || is_plan(from.device()) || to.count() == 0) return;
  if (to.device() == from.device()) {
    to.storage()->uniform.reset();
    launch(to.device(), [p = to.data(), q = from.data(), n = to.bytes()](const kernels::Kernels& k, kernels::Stream s) { k.device.copy(s, p, q, n); });
    note_written({to.storage()});
  } else {
    forbid_host_read("a copy between devices");
    std::vector<std::byte> bytes(from.bytes());
    const auto& k = kernels_of(from.device()).device;
    k.download(k.stream(), bytes.data(), from.data(), bytes.size());
    upload(to, bytes.data(), bytes.size());
  }
}

Tensor to_device(const Tensor& x, const Device& device) {
  if (x.device() == device) return x.constant();
  Tensor y(x.shape(), x.dtype(), device);
  assign(y, x);
  return y;
}

}  // namespace ganymede
