// References of whole updates, made by PyTorch in float64 (tests/cases/*.py), and their border: layouts and
// errors.
#pragma once
#include <string>
#include <vector>

#include "engine/safetensors.h"
#include "nn/net.h"

namespace ganymede::test {

class UpdateReference {
 public:
  // tests/cases/NAME.safetensors
  explicit UpdateReference(const std::string& name);

  bool contains(const std::string& name) const { return file_.contains(name); }
  // Values in the engine's layout: pictures and convolution weights of rank 4 become channels-last.
  std::vector<double> values(const std::string& name) const;
  double loss(const std::string& name) const { return values(name).at(0); }

  // Overwrites a tensor of the same number of elements.
  void load(const std::string& name, const Tensor& into) const;
  // Parameters and buffers of a network from PREFIX.NET.NAME.
  void load(const std::string& prefix, const nn::Net& net) const;

 private:
  SafetensorsFile file_;
};

// What one update did to one network: gradients from the first moment of Adam, steps from the weights.
class UpdateWatch {
 public:
  // moment: the optimiser's flat first moment (Trainer::state() has it); beta1 as the optimiser's.
  UpdateWatch(nn::Net net, Tensor moment, double beta1);
  // Call after the network moved.
  void note();
  const std::vector<std::vector<double>>& gradients() const { return gradients_; }
  const std::vector<std::vector<double>>& steps() const { return steps_; }

 private:
  nn::Net net_;
  Tensor moment_;
  double beta1_;
  std::vector<std::vector<double>> weights_, moments_, gradients_, steps_;
};

// Norm of got - expected over all parameters together, relative to the norm of expected. What is "grad" or
// "step".
double difference(const UpdateReference& reference, const std::string& prefix, const char* what,
                  const nn::Net& net, const std::vector<std::vector<double>>& got);

}  // namespace ganymede::test
