// Checkpoints: a trainer's whole state in one safetensors file, written in one stroke.
#pragma once
#include <map>
#include <string>

#include "gan/trainer.h"

namespace ganymede {

// Metadata says what the file is for: "model", "iteration" and whatever the caller adds. Processes that train together all call it; rank 0
// writes, with the others' kept tensors where they differ from its own ("process1.kept.NAME").
void save_checkpoint(const std::string& path, const Trainer& trainer, std::map<std::string, std::string> metadata);

// Puts the state back and moves the trainer to the file's iteration. Checks every tensor's name, type and shape before it
// changes anything; the error names the file, the tensor and both sides. A process takes its own kept tensors if the file has some.
void load_checkpoint(const std::string& path, Trainer& trainer);

// Throws unless the file is a whole checkpoint of this model.
void check_checkpoint(const std::string& path, const std::string& model);

}  // namespace ganymede
