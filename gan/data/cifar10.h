#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "gan/data/pixel_set.h"

namespace ganymede::data {

// Appends the records of one file of CIFAR-10's binary version: a label, then 32x32 bytes each of red, green and blue.
// Throws naming `path` unless it holds a whole number of records with labels 0 to 9.
void append_cifar10(const std::string& path, std::span<const uint8_t> bytes, PixelSet::Content& content);

}  // namespace ganymede::data
