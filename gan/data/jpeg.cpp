#include "gan/data/jpeg.h"

#include "engine/check.h"
#include "gan/data/picture_file.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace ganymede::data {

Picture through_jpeg(const Picture& picture, int quality) {
  require(picture.channels == 1 || picture.channels == 3, "a JPEG of ", picture.channels, " channels: there are 1 and 3");
  require(quality >= 1 && quality <= 100, "a JPEG of quality ", quality, ": it is 1 to 100");
  std::vector<uint8_t> bytes;
  const auto append = [](void* to, void* data, int size) {
    const auto* first = static_cast<const uint8_t*>(data);
    static_cast<std::vector<uint8_t>*>(to)->insert(static_cast<std::vector<uint8_t>*>(to)->end(), first, first + size);
  };
  require(stbi_write_jpg_to_func(append, &bytes, int(picture.width), int(picture.height), int(picture.channels), picture.pixels.data(), quality) != 0, "a picture of ", picture.width, "x",
          picture.height, " cannot be written as a JPEG");
  return with_channels(decode_picture("a JPEG in memory", std::move(bytes)), picture.channels);   // stb writes grey ones in colour
}

}  // namespace ganymede::data
