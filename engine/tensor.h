// A tensor: a cheap handle to contiguous memory on a device, and its place in the recorded computation.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/memory.h"
#include "engine/shape.h"

namespace ganymede {

struct Node;

class Tensor {
 public:
  Tensor() = default;
  // Uninitialised.
  Tensor(Shape shape, DType dtype, Device device);
  // All of a storage.
  Tensor(std::shared_ptr<Storage> storage, Shape shape, DType dtype);

  bool defined() const { return storage_ != nullptr; }
  explicit operator bool() const { return defined(); }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int i) const { return shape_.dim(i); }
  int64_t count() const { return shape_.count(); }
  DType dtype() const { return dtype_; }
  const Device& device() const { return storage_->device; }
  size_t bytes() const { return size_t(count()) * dtype_bytes(dtype_); }

  // The first element; null on plan. Launches what writes it if it is a uniform_constant (ops/create.h) whose memory nobody has asked for yet.
  void* data() const;
  const std::shared_ptr<Storage>& storage() const { return storage_; }
  int64_t offset() const { return offset_; }

  // The same memory as another shape of as many elements, or a run of rows of the leading axis; not recorded
  // (ops.h has the recorded forms reshape and slice).
  Tensor viewed(const Shape& shape) const;
  Tensor rows(int64_t begin, int64_t end) const;
  Tensor window(int64_t offset, const Shape& shape) const;  // offset in elements from the storage's begin
  // The same values without a past.
  Tensor constant() const;

  // Host copies; not allowed inside an update.
  std::vector<float> to_floats() const;      // any floating dtype
  std::vector<double> to_doubles() const;
  std::vector<int64_t> to_integers() const;  // i32, i64, u8
  double item() const;                       // of a tensor with one element

  const std::shared_ptr<Node>& node() const { return node_; }
  int output() const { return output_; }
  Tensor with_node(std::shared_ptr<Node> node, int output) const;

 private:
  std::shared_ptr<Storage> storage_;
  int64_t offset_ = 0;  // elements
  Shape shape_;
  DType dtype_ = DType::f32;
  std::shared_ptr<Node> node_;
  int output_ = 0;
};

using Tensors = std::vector<Tensor>;

// From host values; dtype f32, bf16 or f64 (converted), or i64.
Tensor tensor(const std::vector<double>& values, const Shape& shape, DType dtype, const Device& device);
Tensor tensor(const std::vector<float>& values, const Shape& shape, DType dtype, const Device& device);
Tensor tensor(const std::vector<int64_t>& values, const Shape& shape, const Device& device);

// Overwrites a tensor's bytes; `bytes` must be its size. Advances the version.
void upload(const Tensor& to, const void* from, size_t bytes);
// to = from, element by element, across devices if need be; shapes and dtypes must agree. Advances the version.
void assign(const Tensor& to, const Tensor& from);
Tensor to_device(const Tensor& x, const Device& device);

}  // namespace ganymede
