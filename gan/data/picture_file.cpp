#include "gan/data/picture_file.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "engine/check.h"

#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_ASSERT(condition) ((void)0)  // a damaged file must not end the program
// Zeroed, as later versions of stb_image do: a damaged JPEG can name a table of codes that it never defined.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(memory, size) std::realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace ganymede::data {
namespace {

constexpr int64_t kPrefix = 1 << 16;  // holds the sizes of nearly every file
constexpr uint8_t kPngMagic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

// The bytes of a file (or its first ones), read big- or little-endian with every access checked.
class Bytes {
 public:
  Bytes(std::string path, std::vector<uint8_t> data, bool complete)
      : path_(std::move(path)), data_(std::move(data)), complete_(complete) {}

  int64_t size() const { return static_cast<int64_t>(data_.size()); }
  bool complete() const { return complete_; }
  const uint8_t* data() const { return data_.data(); }
  [[noreturn]] void fail(const std::string& what) const { throw Error(path_ + ": " + what); }
  [[noreturn]] void truncated(const std::string& where) const { fail("truncated " + where); }

  const uint8_t* at(int64_t offset, int64_t count, const char* where) const {
    if (offset + count > size()) truncated(where);
    return data_.data() + offset;
  }
  int64_t big(int64_t offset, int count, const char* where) const {
    const uint8_t* bytes = at(offset, count, where);
    int64_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | bytes[i];
    return value;
  }
  int64_t little(int64_t offset, int count, const char* where) const {
    const uint8_t* bytes = at(offset, count, where);
    int64_t value = 0;
    for (int i = count; i-- > 0;) value = value << 8 | bytes[i];
    return value;
  }
  bool starts_with(const void* magic, size_t count) const {
    return data_.size() >= count && std::memcmp(data_.data(), magic, count) == 0;
  }

 private:
  std::string path_;
  std::vector<uint8_t> data_;
  bool complete_;
};

Bytes read_file(const std::string& path, int64_t most) {
  std::error_code failure;
  if (std::filesystem::is_directory(path)) throw Error(path + ": is a folder, not a picture");
  const int64_t size = static_cast<int64_t>(std::filesystem::file_size(path, failure));
  if (failure) throw Error(path + ": cannot read the file (" + failure.message() + ")");
  if (size == 0) throw Error(path + ": the file is empty");
  std::vector<uint8_t> data(static_cast<size_t>(std::min(size, most)));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(data.data()), static_cast<std::streamsize>(data.size()))) {
    if (file.gcount() == 0) throw Error(path + ": cannot read the file (" + (errno ? std::strerror(errno) : "it is empty now") + ")");
    data.resize(static_cast<size_t>(file.gcount()));  // somebody shortens it: what is there says so itself
  }
  return Bytes(path, std::move(data), size <= most);
}

PictureInfo inspect_png(const Bytes& file, Check check) {
  constexpr char kWhere[] = "PNG";
  if (file.big(8, 4, kWhere) != 13 || std::memcmp(file.at(12, 4, kWhere), "IHDR", 4) != 0) {
    file.fail("damaged PNG (the header is not where it should be)");
  }
  PictureInfo info{file.big(20, 4, kWhere), file.big(16, 4, kWhere), 0, ""};
  switch (file.big(25, 1, kWhere)) {
    case 0: info.channels = 1; break;
    case 2:
    case 3: info.channels = 3; break;
    case 4: info.channels = 2; break;
    case 6: info.channels = 4; break;
    default: file.fail("damaged PNG (colour type " + std::to_string(file.big(25, 1, kWhere)) + ")");
  }
  if (file.big(24, 1, kWhere) == 16) info.reduced = "of 16 bits a channel, the upper 8 are read";
  if (check == Check::header) return info;
  for (int64_t offset = 8;;) {
    const int64_t length = file.big(offset, 4, kWhere);
    const uint8_t* type = file.at(offset + 4, 4, kWhere);
    const uint8_t* body = file.at(offset + 4, 4 + length, kWhere);
    const int64_t crc = file.big(offset + 8 + length, 4, kWhere);
    if (static_cast<int64_t>(crc32(0, body, static_cast<uInt>(4 + length))) != crc) {
      file.fail("damaged PNG (wrong checksum of the chunk at byte " + std::to_string(offset) + ")");
    }
    if (std::memcmp(type, "IEND", 4) == 0) return info;
    if (std::memcmp(type, "acTL", 4) == 0) info.reduced = "animated, its first picture is read" + (info.reduced.empty() ? "" : "; " + info.reduced);
    offset += 12 + length;
  }
}

// The decoder's tables hold 256 codes; it does not check what a file claims.
void check_huffman_tables(const Bytes& file, int64_t offset, int64_t length) {
  for (const int64_t end = offset + length; offset < end;) {
    int64_t codes = 0;
    for (int64_t i = 1; i <= 16; ++i) codes += file.big(offset + i, 1, "JPEG");
    if (codes > 256) file.fail("damaged JPEG (a Huffman table of " + std::to_string(codes) + " codes)");
    offset += 17 + codes;
  }
}

// Walks the segments up to the frame header, and for a whole check through the scans to the end marker.
PictureInfo inspect_jpeg(const Bytes& file, Check check) {
  constexpr char kWhere[] = "JPEG";
  PictureInfo info;
  bool scanning = false;
  for (int64_t offset = 2;;) {
    if (scanning) {  // entropy-coded bytes: FF 00 is data, FF D0 … D7 are restart marks
      const uint8_t* begin = file.data() + std::min(offset, file.size());
      const uint8_t* end = file.data() + file.size();
      const uint8_t* mark = std::find(begin, end, 0xff);
      offset = mark - file.data();
      const int64_t code = file.big(offset + 1, 1, "JPEG (no end marker)");
      if (code == 0 || (code >= 0xd0 && code <= 0xd7)) {
        offset += 2;
        continue;
      }
      if (code == 0xff) {
        ++offset;
        continue;
      }
      scanning = false;
    }
    if (file.big(offset, 1, kWhere) != 0xff) {
      file.fail("damaged JPEG (no marker at byte " + std::to_string(offset) + ")");
    }
    const int64_t code = file.big(offset + 1, 1, kWhere);
    if (code == 0xff) {
      ++offset;
      continue;
    }
    if (code == 0xd9) {
      if (info.channels == 0) file.fail("damaged JPEG (it ends before any picture)");
      return info;
    }
    const int64_t length = file.big(offset + 2, 2, kWhere);
    if (length < 2) file.fail("damaged JPEG (segment of " + std::to_string(length) + " bytes)");
    if (code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc) {
      // The decoder would take the first one's size, whatever this one says.
      if (info.channels != 0) file.fail("damaged JPEG (a second frame header at byte " + std::to_string(offset) + ")");
      info = {file.big(offset + 5, 2, kWhere), file.big(offset + 7, 2, kWhere),
              file.big(offset + 9, 1, kWhere) == 1 ? 1 : 3,
              file.big(offset + 9, 1, kWhere) == 4 ? "CMYK, it is read as RGB" : ""};
      if (check == Check::header) return info;
    }
    if (code == 0xc4) check_huffman_tables(file, offset + 4, length - 2);
    scanning = code == 0xda;
    offset += 2 + length;
  }
}

PictureInfo inspect_bmp(const Bytes& file, Check check) {
  constexpr char kWhere[] = "BMP";
  const int64_t start = file.little(10, 4, kWhere), header = file.little(14, 4, kWhere);
  if (header < 40)
    file.fail("BMP of a kind that is not read (header of " + std::to_string(header) + " bytes)");
  const int64_t width = static_cast<int32_t>(file.little(18, 4, kWhere));
  const int64_t height = std::abs(int64_t{static_cast<int32_t>(file.little(22, 4, kWhere))});
  const int64_t bits = file.little(28, 2, kWhere), compression = file.little(30, 4, kWhere);
  if (compression != 0 && compression != 3) file.fail("compressed BMP pictures are not read");
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
    file.fail("damaged BMP (" + std::to_string(bits) + " bits a pixel)");
  const PictureInfo info{height, width, bits == 32 ? 4 : 3, ""};
  if (check == Check::whole && width > 0 && width <= kMostPixels && height <= kMostPixels) {
    const int64_t line = (width * bits + 31) / 32 * 4;
    if (start + (height - 1) * line + (width * bits + 7) / 8 > file.size()) file.truncated(kWhere);
  }
  return info;
}

// What compression can do at best: deflate grows by 1032 at most, a JPEG spends a bit on every block of 64 pixels. Decoders
// ask for memory before they look at the data, so a small file must not claim a large picture.
void check_plausible(const Bytes& file, const PictureInfo& info, bool png) {
  constexpr int64_t kDeflateLimit = 1032, kPixelsOfByte = 8 * 64;
  int64_t most = file.size() * kPixelsOfByte;
  if (png) {
    const int64_t samples = file.big(25, 1, "PNG") == 3 ? 1 : info.channels;
    const int64_t bits = file.big(24, 1, "PNG") * samples;
    if (bits < 1) file.fail("damaged PNG (bit depth 0)");
    most = file.size() * kDeflateLimit * 8 / bits;
  }
  if (info.height * info.width > most) {
    file.fail(text("damaged ", png ? "PNG" : "JPEG", " (", file.size(), " bytes cannot hold a picture of ", info.width, "x",
                   info.height, ", ", most, " pixels at most)"));
  }
}

PictureInfo inspect(const Bytes& file, Check check) {
  const char* foreign = nullptr;
  if (file.starts_with("GIF8", 4)) foreign = "GIF";
  if (file.starts_with("RIFF", 4)) foreign = "WebP";
  if (file.starts_with("II*", 3) || file.starts_with("MM", 2)) foreign = "TIFF";
  if (foreign) file.fail(std::string(foreign) + " pictures are not read; convert it to PNG");
  PictureInfo info;
  if (file.starts_with(kPngMagic, sizeof(kPngMagic))) {
    info = inspect_png(file, check);
  } else if (file.starts_with("\xff\xd8", 2)) {
    info = inspect_jpeg(file, check);
  } else if (file.starts_with("BM", 2)) {
    info = inspect_bmp(file, check);
  } else {
    file.fail("neither a PNG, nor a JPEG, nor a BMP picture (wrong first bytes)");
  }
  const std::string sizes = std::to_string(info.width) + "x" + std::to_string(info.height);
  if (info.height < 1 || info.width < 1) file.fail("a picture of " + sizes + " has no pixels");
  if (info.height > kMostPixels / info.width) {
    file.fail("a picture of " + sizes + " is too large (at most 2^28 pixels)");
  }
  if (check == Check::whole && !file.starts_with("BM", 2)) {
    check_plausible(file, info, file.starts_with(kPngMagic, sizeof(kPngMagic)));
  }
  return info;
}

}  // namespace

PictureInfo picture_info(const std::string& path, Check check) {
  constexpr int64_t kAll = int64_t{1} << 40;
  if (check == Check::whole) return inspect(read_file(path, kAll), check);
  const Bytes prefix = read_file(path, kPrefix);
  if (prefix.complete()) return inspect(prefix, check);
  try {
    return inspect(prefix, check);
  } catch (const Error&) {  // a JPEG may carry more than the prefix before its frame header
    return inspect(read_file(path, kAll), check);
  }
}

namespace {

Picture decode(const Bytes& file) {
  const PictureInfo info = inspect(file, Check::whole);
  if (file.size() > INT32_MAX) file.fail("the file has more than 2^31 bytes");
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &channels, 0),
      stbi_image_free);
  if (!pixels) {
    std::string reason = stbi_failure_reason();
    for (char& c : reason)  // it may quote bytes of the file
      if (c < ' ' || c > '~') c = '?';
    file.fail("cannot decode the picture (" + reason + ")");
  }
  if (height != info.height || width != info.width) {
    file.fail(text("damaged picture (its decoder sees ", width, "x", height, ", its header says ", info.width, "x", info.height, ")"));
  }
  Picture picture(height, width, channels);
  std::copy_n(pixels.get(), picture.pixels.size(), picture.pixels.begin());
  return picture;
}

}  // namespace

Picture read_picture(const std::string& path) { return decode(read_file(path, int64_t{1} << 40)); }

Picture decode_picture(const std::string& name, std::vector<uint8_t> bytes) {
  if (bytes.empty()) throw Error(name + ": the file is empty");
  return decode(Bytes(name, std::move(bytes), true));
}

PictureInfo picture_info(const std::string& name, std::vector<uint8_t> bytes, Check check) {
  if (bytes.empty()) throw Error(name + ": the file is empty");
  return inspect(Bytes(name, std::move(bytes), true), check);
}

bool is_picture_name(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".bmp";
}

}  // namespace ganymede::data
