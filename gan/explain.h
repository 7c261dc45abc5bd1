// A model in words: its networks layer by layer, its updates in order, its losses and settings, what it needs in memory.
#pragma once
#include <string>

#include "gan/session.h"

namespace ganymede {

// Runs one iteration on the plan device. losses: only the table of losses.
std::string explain(const SessionOptions& options, bool losses_only);

// What training takes in memory, by use, what the machine has free, and the batch that fits.
std::string explain_memory(const SessionOptions& options);

}  // namespace ganymede
