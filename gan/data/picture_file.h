#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::data {

// What the header of a PNG, JPEG or BMP file says.
struct PictureInfo {
  int64_t height = 0, width = 0;
  int64_t channels = 0;  // 1 to 4 (a palette counts as 3)
  std::string reduced;   // what is lost in reading it: "animated, its first picture is read"; empty: nothing. Check::header sees no animation
};

enum class Check {
  header,  // magic, sizes: reads the first bytes of the file
  whole,   // also that the file is all there: PNG chunks and their CRCs, JPEG's end marker, BMP's length
};

inline constexpr int64_t kMostPixels = int64_t{1} << 28;  // height x width; larger pictures are refused

// Throws one line with the path and what is wrong.
PictureInfo picture_info(const std::string& path, Check check);

// Decodes after a whole check. 16-bit channels lose their low byte, CMYK becomes RGB, palettes are resolved;
// grey and alpha are kept. Of an animated PNG: its default image.
Picture read_picture(const std::string& path);

// Both for the bytes of a file that are in memory already; `name` is for messages.
PictureInfo picture_info(const std::string& name, std::vector<uint8_t> bytes, Check check);
Picture decode_picture(const std::string& name, std::vector<uint8_t> bytes);

// By its ending: .png .jpg .jpeg .bmp, in any case.
bool is_picture_name(const std::string& path);

}  // namespace ganymede::data
