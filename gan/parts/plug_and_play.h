// Sampling by a generator and any network that says what is wanted: codes walk towards what is probable and what the network names (Nguyen, Clune, Bengio,
// Dosovitskiy, Yosinski: Plug & Play Generative Networks, CVPR 2017, arXiv 1612.00005, eq. 11 and the authors' code).
#pragma once
#include <functional>

#include "engine/tensor.h"

namespace ganymede {

struct PlugAndPlay {
  std::function<Tensor(const Tensor& h)> generate;        // codes [n, features] to pictures
  std::function<Tensor(const Tensor& pictures)> encode;   // and back: R(h) = encode(generate(h)), whose difference from h is the slope of log p(h), but for a factor
};
struct Walk {
  int64_t steps = 200;
  double prior = 0.03, condition = 1, noise = 0;          // eps1, eps2, eps3 of the paper
  double step = 0.1, last_step = 0;                       // mean absolute change of a sample's code in the first step and in the last, linear between them
};
// What a walk is after: a number of each picture [n], such as log p(class | picture), whose slope it follows. code: encode(pictures), for whom it is enough.
using Wanted = std::function<Tensor(const Tensor& pictures, const Tensor& code)>;
// Codes [n, features], at least 0 and at most 30, after steps of  h + step d / mean |d|,  d = prior (R(h) - h) + condition grad_h wanted + N(0, noise^2).
// Without recording around it.
Tensor walked(const PlugAndPlay& p, const Walk& walk, const Wanted& wanted, const Tensor& start);

}  // namespace ganymede
