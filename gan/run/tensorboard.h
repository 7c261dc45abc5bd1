#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "gan/run/stats.h"

namespace ganymede::run {

// Writes what TensorBoard reads: a file events.out.tfevents.SECONDS.HOST.PROCESS.N of TFRecords (length,
// masked CRC-32C, data, masked CRC-32C), each a protocol buffer of type tensorflow.Event. One system call a
// record. Throws Error.
class EventWriter {
 public:
  using Clock = std::function<double()>;  // seconds since 1970

  // Starts a new file in `folder`; those of earlier starts stay. After a resume from the checkpoint of
  // `iteration` > 0 it tells TensorBoard to forget what they say of later iterations. Times never go back, whatever the clock
  // does: TensorBoard reads the files in the order of their names, and sorts by time.
  EventWriter(const std::filesystem::path& folder, std::int64_t iteration, Clock clock = wall_time);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  void scalars(std::int64_t iteration, const Values& values);

  // `png` is a whole PNG file of 8 bits a channel.
  void picture(std::int64_t iteration, std::string_view name, std::string_view png);

  const std::filesystem::path& path() const { return path_; }

  static double wall_time();

 private:
  double now();
  void write_event(std::int64_t iteration, const std::string& rest);

  std::filesystem::path path_;
  int file_ = -1;
  Clock clock_;
  double latest_ = 0;  // time of the last event, here or in an earlier file
};

// CRC-32C (Castagnoli) of `bytes`, as in RFC 3720.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace ganymede::run
