// Pictures of any format, from bytes to pixels.
#pragma once
#include "gan/data/picture_file.h"
#include "tests/fuzz/fuzz.h"

namespace ganymede::fuzz {

// What a header says must be what the decoder makes. Larger pictures than this are inspected but not decoded: time goes into
// the number of attempts.
constexpr int64_t kMostDecoded = 1 << 14;

inline int decode(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> bytes(data, data + size);
  accepted([&] { data::picture_info("picture", bytes, data::Check::header); });
  data::PictureInfo info;
  if (!accepted([&] { info = data::picture_info("picture", bytes, data::Check::whole); })) return 0;
  demand(info.height > 0 && info.width > 0 && info.channels >= 1 && info.channels <= 4, "the size of a picture");
  if (info.height * info.width > kMostDecoded) return 0;
  accepted([&] {
    const data::Picture picture = data::decode_picture("picture", bytes);
    demand(picture.height == info.height && picture.width == info.width, "the size that the header promised");
    demand(int64_t(picture.pixels.size()) == picture.height * picture.width * picture.channels, "the pixels' number");
  });
  return 0;
}

}  // namespace ganymede::fuzz
