#include "gan/data/png.h"

#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <string_view>

#include "engine/atomic_file.h"
#include "engine/check.h"
#include "gan/data/apng.h"

namespace ganymede::data {
namespace {

void put_big(std::vector<uint8_t>& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

void put_chunk(std::vector<uint8_t>& out, const char* type, const std::vector<uint8_t>& body) {
  put_big(out, static_cast<uint32_t>(body.size()));
  const size_t start = out.size();
  out.insert(out.end(), type, type + 4);
  out.insert(out.end(), body.begin(), body.end());
  put_big(out, static_cast<uint32_t>(crc32(0, &out[start], static_cast<uInt>(out.size() - start))));
}

int paeth(int left, int up, int corner) {
  const int a = std::abs(up - corner), b = std::abs(left - corner), c = std::abs(left + up - 2 * corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

// Every line by the one of the five PNG filters whose bytes, as signed numbers, are smallest in sum.
std::vector<uint8_t> filtered(const Picture& picture) {
  const int64_t length = picture.width * picture.channels, step = picture.channels;
  std::vector<uint8_t> out, best, line(static_cast<size_t>(length));
  const std::vector<uint8_t> zeros(static_cast<size_t>(length));
  out.reserve(static_cast<size_t>(picture.height * (length + 1)));
  for (int64_t y = 0; y < picture.height; ++y) {
    const uint8_t* here = picture.at(y, 0);
    const uint8_t* above = y > 0 ? picture.at(y - 1, 0) : zeros.data();
    int64_t least = -1;
    uint8_t kind_of_best = 0;
    for (uint8_t kind = 0; kind < 5; ++kind) {
      int64_t sum = 0;
      for (int64_t i = 0; i < length; ++i) {
        const int left = i >= step ? here[i - step] : 0, up = above[i],
                  corner = i >= step ? above[i - step] : 0;
        const int guess[] = {0, left, up, (left + up) / 2, paeth(left, up, corner)};
        line[static_cast<size_t>(i)] = static_cast<uint8_t>(here[i] - guess[kind]);
        sum += std::abs(static_cast<int8_t>(line[static_cast<size_t>(i)]));
      }
      if (least < 0 || sum < least) least = sum, kind_of_best = kind, best = line;
    }
    out.push_back(kind_of_best);
    out.insert(out.end(), best.begin(), best.end());
  }
  return out;
}

void check_encodable(const Picture& picture) {
  if (picture.height < 1 || picture.width < 1 || picture.channels < 1 || picture.channels > 4) {
    throw Error("a picture of " + std::to_string(picture.height) + "x" + std::to_string(picture.width) + "x" +
                std::to_string(picture.channels) + " cannot be written as PNG");
  }
}

std::vector<uint8_t> signature_and_header(const Picture& picture) {
  constexpr uint8_t kColourType[] = {0, 0, 4, 2, 6};
  std::vector<uint8_t> header, out = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  put_big(header, static_cast<uint32_t>(picture.width));
  put_big(header, static_cast<uint32_t>(picture.height));
  header.insert(header.end(), {8, kColourType[picture.channels], 0, 0, 0});
  put_chunk(out, "IHDR", header);
  return out;
}

std::vector<uint8_t> packed(const Picture& picture) {
  const std::vector<uint8_t> raw = filtered(picture);
  uLongf size = compressBound(static_cast<uLong>(raw.size()));
  std::vector<uint8_t> out(size);
  if (compress2(out.data(), &size, raw.data(), static_cast<uLong>(raw.size()), 6) != Z_OK) {
    throw Error("cannot compress a picture");
  }
  out.resize(size);
  return out;
}

void put_short(std::vector<uint8_t>& out, uint32_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void write_bytes(const std::string& path, const std::vector<uint8_t>& bytes) {
  write_atomically(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace

std::vector<uint8_t> encode_png(const Picture& picture) {
  check_encodable(picture);
  std::vector<uint8_t> out = signature_and_header(picture);
  put_chunk(out, "IDAT", packed(picture));
  put_chunk(out, "IEND", {});
  return out;
}

void write_png(const std::string& path, const Picture& picture) { write_bytes(path, encode_png(picture)); }

std::vector<uint8_t> encode_apng(const std::vector<Picture>& frames, double frames_per_second) {
  if (frames.empty()) throw Error("an animation without frames");
  if (!(frames_per_second >= 0.01 && frames_per_second <= 1000))
    throw Error("an animation of " + std::to_string(frames_per_second) + " frames a second: it must be from 0.01 to 1000");
  const Picture& first = frames.front();
  check_encodable(first);
  for (const Picture& f : frames) {
    if (f.height != first.height || f.width != first.width || f.channels != first.channels)
      throw Error("frames of different sizes in an animation");
  }
  std::vector<uint8_t> out = signature_and_header(first), control;
  put_big(control, static_cast<uint32_t>(frames.size()));
  put_big(control, 0);  // plays without end
  put_chunk(out, "acTL", control);
  // The delay is a fraction of two 16-bit numbers.
  const uint32_t below = frames_per_second >= 1 ? 10000 : 600;
  const auto above = static_cast<uint32_t>(std::lround(below / frames_per_second));
  uint32_t sequence = 0;
  for (const Picture& f : frames) {
    std::vector<uint8_t> frame;
    put_big(frame, sequence++);
    put_big(frame, static_cast<uint32_t>(f.width));
    put_big(frame, static_cast<uint32_t>(f.height));
    put_big(frame, 0);
    put_big(frame, 0);
    put_short(frame, above);
    put_short(frame, below);
    frame.insert(frame.end(), {0, 0});  // stays until the next one, which replaces it
    put_chunk(out, "fcTL", frame);
    if (&f == &first) {
      put_chunk(out, "IDAT", packed(f));
      continue;
    }
    std::vector<uint8_t> body;
    put_big(body, sequence++);
    const std::vector<uint8_t> data = packed(f);
    body.insert(body.end(), data.begin(), data.end());
    put_chunk(out, "fdAT", body);
  }
  put_chunk(out, "IEND", {});
  return out;
}

void write_animation(const std::string& path, const std::vector<Picture>& frames, double frames_per_second) {
  write_bytes(path, encode_apng(frames, frames_per_second));
}

}  // namespace ganymede::data
