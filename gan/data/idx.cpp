#include "gan/data/idx.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "engine/check.h"

namespace ganymede::data {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;
constexpr int64_t kDeflateLimit = 1032;  // no deflate stream grows by more than this factor
constexpr int64_t kFirstStep = int64_t{1} << 24;
constexpr int64_t kMostValues = int64_t{1} << 36;

struct Closer {
  void operator()(gzFile_s* file) const { gzclose(file); }
};
using GzFile = std::unique_ptr<gzFile_s, Closer>;

// Reads up to `count` bytes; fewer only at the end of the file.
int64_t read_bytes(gzFile_s* file, uint8_t* to, int64_t count, const std::string& path) {
  int64_t done = 0;
  while (done < count) {
    const int step = gzread(file, to + done, static_cast<unsigned>(std::min<int64_t>(count - done, 1 << 20)));
    int code = Z_OK;
    const char* message = gzerror(file, &code);
    if (step < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      throw Error(path + ": " +
                  (code == Z_BUF_ERROR ? "the gzip data end too early (truncated file?)"
                                       : "damaged gzip data (" + std::string(message) + ")"));
    }
    if (step == 0) break;
    done += step;
  }
  return done;
}

std::string hex(const uint8_t* bytes, int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

Idx read_idx(const std::string& path, int rank) {
  std::error_code failure;
  const int64_t file_bytes = static_cast<int64_t>(std::filesystem::file_size(path, failure));
  if (failure) throw Error(path + ": cannot read the file (" + failure.message() + ")");
  if (file_bytes == 0) throw Error(path + ": the file is empty");
  const GzFile file(gzopen(path.c_str(), "rb"));
  if (!file) throw Error(path + ": cannot open the file");

  uint8_t header[4 + 4 * 4];
  const int64_t header_bytes = 4 + 4 * rank;
  const int64_t got = read_bytes(file.get(), header, header_bytes, path);
  const uint8_t magic[4] = {0, 0, kUnsignedByte, static_cast<uint8_t>(rank)};
  if (got < 4 || !std::equal(magic, magic + 4, header)) {
    throw Error(path + ": not an IDX file of bytes with " + std::to_string(rank) +
                " dimensions: it begins with 0x" + hex(header, std::min<int64_t>(got, 4)) + " where 0x" +
                hex(magic, 4) + " should be");
  }
  if (got < header_bytes) {
    throw Error(path + ": the header ends after " + std::to_string(got) + " of " +
                std::to_string(header_bytes) + " bytes");
  }
  Idx idx;
  int64_t count = 1;
  std::string shape;
  for (int d = 0; d < rank; ++d) {
    const uint8_t* b = header + 4 + 4 * d;
    const int64_t extent = (int64_t{b[0]} << 24) | (b[1] << 16) | (b[2] << 8) | b[3];
    shape += (d ? "x" : "") + std::to_string(extent);
    if (extent == 0) throw Error(path + ": dimension " + std::to_string(d) + " is 0");
    count = extent > kMostValues / count ? kMostValues : count * extent;
    idx.shape.push_back(extent);
  }
  const bool plain = gzdirect(file.get()) != 0;
  if (plain ? count != file_bytes - header_bytes : count > file_bytes * kDeflateLimit) {
    const bool more = plain && count < file_bytes - header_bytes;
    throw Error(
        path + ": the header promises " + shape + (count == kMostValues ? "" : " = " + std::to_string(count)) +
        " bytes, but the file has " +
        (plain ? std::to_string(file_bytes - header_bytes) + (more ? " (trailing bytes)" : " (truncated?)")
               : "only " + std::to_string(file_bytes) + " compressed ones"));
  }
  int64_t values = 0;
  while (values < count) {  // step by step: a lying header of a small compressed file costs no memory
    const int64_t step = std::min(count - values, std::max(values, kFirstStep));
    idx.values.resize(static_cast<size_t>(values + step));
    const int64_t done = read_bytes(file.get(), idx.values.data() + values, step, path);
    values += done;
    if (done < step) break;
  }
  if (values < count) {
    throw Error(path + ": the header promises " + shape + " = " + std::to_string(count) +
                " bytes, but there are " + std::to_string(values));
  }
  uint8_t extra;
  if (read_bytes(file.get(), &extra, 1, path) > 0) {
    throw Error(path + ": there are more than the " + std::to_string(count) + " bytes of " + shape +
                " that the header promises");
  }
  return idx;
}

}  // namespace ganymede::data
