// A network: a cheap handle to a module, its parameters in one flat buffer, and its optimisers.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/autograd.h"
#include "nn/module.h"

namespace ganymede::nn {

struct NamedTensor {
  std::string name;
  Tensor value;
};

class Net {
 public:
  Net() = default;
  // Lays all parameters of the module into one buffer; they start on multiples of 64 elements.
  Net(std::string name, Layer module);

  Tensor operator()(const Tensor& x) const;
  Tensors operator()(const Tensors& xs) const;
  // On several batches, each as if it were alone: in one pass where shapes and layers allow it, in which batch norms take each batch's
  // own statistics and follow them in this order.
  Tensors each(const Tensors& xs) const;
  // The same of batches of several tensors (pictures and their labels) and networks of several outputs; a batch of outputs for each.
  std::vector<Tensors> each(const std::vector<Tensors>& batches) const;
  // As a frozen network: running statistics, no dropout, whatever the pass around it does.
  Tensor infer(const Tensor& x) const;
  Tensor infer(const Tensor& x, const Tensor& condition) const;
  // With class labels [N] (i64) or a vector a sample [N, C] for the layers that want it (nn/conditional.h).
  Tensor operator()(const Tensor& x, const Tensor& condition) const;

  const std::string& name() const;
  Module& module() const;
  explicit operator bool() const { return impl_ != nullptr; }
  bool operator==(const Net& other) const { return impl_ == other.impl_; }

  const std::vector<NamedTensor>& parameters() const;  // leaves, in visiting order, names without the network's
  const std::vector<NamedTensor>& buffers() const;
  Tensors leaves() const;
  const Tensor& flat() const;                          // all parameters, padding included (zeros)
  int64_t parameter_count() const;
  // The slice of another flat buffer of the same layout (gradient, moments, average) that belongs to parameter i.
  Tensor slice_of(const Tensor& flat, size_t i) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// While in scope the networks are being moved: their parameters are watched, their batch norms follow.
class Moving {
 public:
  explicit Moving(const std::vector<Net>& nets);
  ~Moving();
  Moving(const Moving&) = delete;
 private:
  void set(bool on);
  std::vector<Net> nets_;
  Watch watch_;
};

}  // namespace ganymede::nn
