// The picture whose style is transferred: a file, or a mosaic that is drawn.
#pragma once
#include "engine/tensor.h"
#include "gan/data/picture.h"

namespace ganymede {

// Uneven tiles of five colours with dark joints, always the same ones: [side, side, 3].
data::Picture mosaic(int64_t side);
// A file's picture (empty: the mosaic) with 1 or 3 channels and a shorter side of `side` pixels, [1, h, w, channels] in [-1, 1].
Tensor style_picture(const std::string& file, int64_t side, int64_t channels);

}  // namespace ganymede
