#include "tests/gan/update_reference.h"

#include <cmath>

#include "engine/check.h"
#include "nn/file.h"
#include "nn/torch.h"
#include "tests/support/places.h"

namespace ganymede::test {

UpdateReference::UpdateReference(const std::string& name)
    : file_(SafetensorsFile::read(test::source_dir() + "/tests/cases/" + name +
                                  ".safetensors")) {}

std::vector<double> UpdateReference::values(const std::string& name) const {
  const RawTensor& t = file_.at(name);
  return nn::values_from_torch(nn::doubles_of(t, name), Shape(t.shape));
}

void UpdateReference::load(const std::string& name, const Tensor& into) const {
  assign(into, tensor(values(name), into.shape(), into.dtype(), into.device()));
}

void UpdateReference::load(const std::string& prefix, const nn::Net& net) const {
  for (const auto& list : {net.parameters(), net.buffers()})
    for (const nn::NamedTensor& t : list) load(prefix + "." + net.name() + "." + t.name, t.value);
}

UpdateWatch::UpdateWatch(nn::Net net, Tensor moment, double beta1)
    : net_(std::move(net)), moment_(std::move(moment)), beta1_(beta1) {
  for (const auto& p : net_.parameters()) {
    weights_.push_back(p.value.to_doubles());
    moments_.emplace_back(weights_.back().size());
  }
}

void UpdateWatch::note() {
  gradients_.clear(), steps_.clear();
  for (size_t i = 0; i < weights_.size(); ++i) {
    std::vector<double> weight = net_.parameters()[i].value.to_doubles(),
                        moment = net_.slice_of(moment_, i).to_doubles();
    auto &gradient = gradients_.emplace_back(), &step = steps_.emplace_back();
    for (size_t k = 0; k < weight.size(); ++k) {
      step.push_back(weight[k] - weights_[i][k]);
      gradient.push_back((moment[k] - beta1_ * moments_[i][k]) /
                         (1 - beta1_));  // m = beta1 m + (1 - beta1) g
    }
    weights_[i] = std::move(weight);
    moments_[i] = std::move(moment);
  }
}

double difference(const UpdateReference& reference, const std::string& prefix, const char* what,
                  const nn::Net& net, const std::vector<std::vector<double>>& got) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const std::vector<double> expected =
        reference.values(prefix + "." + what + "." + net.parameters()[i].name);
    require(expected.size() == got[i].size(), net.parameters()[i].name, ": ", got[i].size(),
            " elements, the reference has ", expected.size());
    for (size_t k = 0; k < expected.size(); ++k) {
      error += (got[i][k] - expected[k]) * (got[i][k] - expected[k]);
      norm += expected[k] * expected[k];
    }
  }
  return std::sqrt(error / norm);
}

}  // namespace ganymede::test
