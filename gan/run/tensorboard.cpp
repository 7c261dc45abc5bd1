#include "gan/run/tensorboard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "engine/check.h"
#include "engine/posix.h"

namespace ganymede::run {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0x82F63B78u : 0);
  }
  return table;
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

// A CRC of data that holds CRCs is weak, so TFRecord stores it rotated and shifted.
std::string masked_crc(std::string_view bytes) {
  return little_endian(static_cast<std::uint32_t>(std::rotr(crc32c(bytes), 15) + 0xA282EAD8u), 4);
}

// Protocol buffer wire format: a key is (field number << 3) | wire type.
enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

std::string key(int field, Wire wire) { return varint(static_cast<std::uint64_t>(field << 3 | wire)); }
std::string integer(int field, std::int64_t value) {
  return key(field, kVarint) + varint(static_cast<std::uint64_t>(value));
}
std::string bytes(int field, std::string_view value) {
  return key(field, kBytes) + varint(value.size()) + std::string(value);
}
std::string float32(int field, double value) {
  return key(field, kFixed32) + little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
}
std::string float64(int field, double value) {
  return key(field, kFixed64) + little_endian(std::bit_cast<std::uint64_t>(value), 8);
}

// Field numbers of tensorflow/core/util/event.proto and framework/summary.proto.
namespace event {
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace session_log {
constexpr int kStatus = 1, kStart = 1;
}
namespace summary {
constexpr int kValue = 1;
}
namespace summary_value {
constexpr int kTag = 1, kSimpleValue = 2, kImage = 4;
}
namespace summary_image {
constexpr int kHeight = 1, kWidth = 2, kChannels = 3, kEncoded = 4;
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && *name ? name : "localhost";
}

constexpr const char* kPrefix = "events.out.tfevents.";

// The second after every event in the folder: the start of a file is in its name, its end is when it was last written. 0 if
// there is none.
double end_of_events(const std::filesystem::path& folder) {
  double end = 0;
  std::error_code ignored;  // What cannot be listed is no reason not to train.
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    struct stat status;
    if (!name.starts_with(kPrefix) || stat(entry.path().c_str(), &status) != 0) continue;
    const double begun = std::strtod(name.c_str() + std::string_view(kPrefix).size(), nullptr);
    for (const double t : {begun, static_cast<double>(status.st_mtime)})
      if (t < 1e11) end = std::max(end, t + 1);
  }
  return end;
}

struct PngHeader {
  std::int64_t height, width, channels;
};

// The first chunk: 8 bytes of signature, length, "IHDR", width, height (big-endian), bit depth, colour type.
PngHeader read_png_header(std::string_view png) {
  using namespace std::string_view_literals;
  if (png.size() < 26 || !png.starts_with("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv))
    throw Error("not a PNG picture");
  const auto number = [&](std::size_t at) {
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(png[i]);
    return value;
  };
  constexpr int kChannelsOfColourType[] = {1, 0, 3, 3, 2, 0, 4};
  const auto type = static_cast<unsigned char>(png[25]);
  return {number(20), number(16), type < 7 ? kChannelsOfColourType[type] : 0};
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

double EventWriter::wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double EventWriter::now() { return latest_ = std::max(latest_, clock_()); }

EventWriter::EventWriter(const std::filesystem::path& folder, std::int64_t iteration, Clock clock)
    : clock_(std::move(clock)), latest_(end_of_events(folder)) {
  char seconds[24];
  std::snprintf(seconds, sizeof seconds, "%010lld", static_cast<long long>(now()));
  const std::string stem = kPrefix + std::string(seconds) + "." + host_name() + "." +
                           std::to_string(getpid()) + ".";
  for (int attempt = 0; file_ < 0; ++attempt) {
    path_ = folder / (stem + std::to_string(attempt));
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (file_ < 0 && errno != EEXIST) fail_with_errno(path_, "cannot write");
  }
  write_event(0, bytes(event::kFileVersion, "brain.Event:2"));
  if (iteration > 0)
    write_event(iteration + 1, bytes(event::kSessionLog, integer(session_log::kStatus, session_log::kStart)));
}

EventWriter::~EventWriter() {
  if (file_ >= 0) close(file_);
}

void EventWriter::scalars(std::int64_t iteration, const Values& values) {
  std::string all;
  for (const auto& [name, value] : values)
    all += bytes(summary::kValue,
                 bytes(summary_value::kTag, name) + float32(summary_value::kSimpleValue, value));
  write_event(iteration, bytes(event::kSummary, all));
}

void EventWriter::picture(std::int64_t iteration, std::string_view name, std::string_view png) {
  const PngHeader header = read_png_header(png);
  const std::string image =
      integer(summary_image::kHeight, header.height) + integer(summary_image::kWidth, header.width) +
      integer(summary_image::kChannels, header.channels) + bytes(summary_image::kEncoded, png);
  write_event(iteration,
              bytes(event::kSummary, bytes(summary::kValue, bytes(summary_value::kTag, name) +
                                                                bytes(summary_value::kImage, image))));
}

void EventWriter::write_event(std::int64_t iteration, const std::string& rest) {
  const std::string data = float64(event::kWallTime, now()) + integer(event::kStep, iteration) + rest;
  const std::string length = little_endian(data.size(), 8);
  if (!write_all(file_, length + masked_crc(length) + data + masked_crc(data)))
    fail_with_errno(path_, "cannot write");
}

}  // namespace ganymede::run
