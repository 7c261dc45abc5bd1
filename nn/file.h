// A network in a file: its parameters and buffers by name, in the engine's own layout.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/safetensors.h"
#include "nn/net.h"

namespace ganymede::nn {

// The file appears whole or not at all. Names are those of parameters() and buffers().
void save(const Net& net, const std::string& path, const std::map<std::string, std::string>& metadata = {});
// Overwrites all parameters and buffers by the tensors PREFIX + name, converted to the network's dtype. Error naming the file
// and the tensor if one is missing, of another shape or not of a floating type, or if one with the prefix belongs to nothing;
// the network is then unchanged.
void load(const Net& net, const SafetensorsFile& file, const std::string& prefix = "");

// Values of a tensor of a floating type; Error naming `where` for integers.
std::vector<double> doubles_of(const RawTensor& t, const std::string& where);

}  // namespace ganymede::nn
