// Weights from and to PyTorch: names and layouts of a state dict.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/safetensors.h"
#include "nn/net.h"

namespace ganymede::nn {

// The same tensor in PyTorch's shape and in ours: pictures [N, C, H, W] <-> [N, H, W, C], convolution weights
// [K, C/groups, R, S] <-> [K, R, S, C/groups], transposed ones [C, K/groups, R, S] <-> [C, R, S, K/groups]. Ranks other than 4
// (linear weights [out, in], biases, tables) are alike in both.
Shape shape_from_torch(const Shape& theirs);
Shape shape_to_torch(const Shape& ours);
std::vector<double> values_from_torch(const std::vector<double>& theirs, const Shape& their_shape);
std::vector<double> values_to_torch(const std::vector<double>& ours, const Shape& our_shape);

// How a network's names and axes stand in a state dict. Parameters of a layer need no entry: slopes of PReLU are "weight"
// there, u and v of spectral norm "weight_u" and "weight_v" beside "weight_orig" (or those of torch.nn.utils.parametrizations).
struct TorchNames {
  std::string prefix = {};                         // of every name there, "netG."; other names of the file are passed over
  std::map<std::string, std::string> layers = {};  // ours -> theirs: {"conv1", "main.0"}, also of containers; the longest counts
  // Linear layers next to a picture, by our name, with that picture's shape {H, W, C}: PyTorch counts its elements C, H, W.
  std::map<std::string, Shape> from_picture = {};  // the columns of the weight
  std::map<std::string, Shape> to_picture = {};    // the rows of the weight, the bias; also for norms in between
};

// Overwrites all of a network's parameters and buffers. Error naming the file and the tensor if one is missing or of another
// shape, or if one in the file (other than num_batches_tracked) belongs to nothing; the network is then unchanged.
void read_torch(const Net& net, const SafetensorsFile& file, const TorchNames& names = {});
// A file that load_state_dict of the PyTorch network takes.
void write_torch(const Net& net, const std::string& path, const TorchNames& names = {});

}  // namespace ganymede::nn
