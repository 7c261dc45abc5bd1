// Networks that the program trains for its own measures and keeps in the cache folder.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "gan/data/dataset.h"
#include "nn/net.h"

namespace ganymede::metrics {

// A hash of the set's size and of these fields (real or whole numbers) of a regular selection of at most 64 samples.
uint64_t fingerprint(const data::Dataset& set, const std::vector<std::string>& fields);
// cache_folder()/STEM-HEIGHTxCHANNELS-FINGERPRINT.safetensors; "" where there is no cache folder.
std::string kept_path(const std::string& stem, const data::Dataset& set, uint64_t fingerprint);

using Metadata = std::map<std::string, std::string>;
// Fills the network from a file whose metadata have this "format" and gives them; throws Error for any file that is not exactly that.
Metadata read_kept(const std::string& path, const std::string& format, const nn::Net& net);
// An entry of the metadata; throws Error if there is none.
std::string entry(const Metadata& metadata, const std::string& path, const std::string& key);
void write_kept(const std::string& path, const std::string& format, Metadata metadata, const nn::Net& net);

}  // namespace ganymede::metrics
