// Checkpoints: a trainer's whole state in one safetensors file, written in one stroke.
#pragma once
#include <map>
#include <string>

#include "gan/trainer.h"

namespace ganymede {

// Metadata says what the file is for: "model", "iteration" and whatever the caller adds.
void save_checkpoint(const std::string& path, const Trainer& trainer, std::map<std::string, std::string> metadata);

// Puts the state back and moves the trainer to the file's iteration. Checks every tensor's name, type and shape before it
// changes anything; the error names the file, the tensor and both sides.
void load_checkpoint(const std::string& path, Trainer& trainer);

// Throws unless the file is a whole checkpoint of this model.
void check_checkpoint(const std::string& path, const std::string& model);

}  // namespace ganymede
