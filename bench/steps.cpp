// Times whole training steps on a device: DCGAN at 64 pixels, WGAN-GP at 32, SinGAN's first scale at 25 to 120, CycleGAN at 128 and pix2pix
// at 256, as `ganymede train` runs them once their updates are captured and their pictures are drawn; and the layer stacks of ProGAN, SRResNet
// and SRGAN (bench/stacks.h) under the same trainer. On cpu in f32 also against the sum of oneDNN's own best times for DCGAN's convolutions, measured in turns.
//   bench_steps [--device auto|cpu|cuda|cuda:N] [--only TEXT] [--rounds N] [--seconds N] [--threads N] [--json FILE]
// Writes FILE, and beside it a table with the ending .md. The same steps in PyTorch: bench/torch_steps.py.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/layers.h"
#include "bench/onednn_peer.h"
#include "bench/stacks.h"
#include "engine/check.h"
#include "gan/data/png.h"
#include "gan/session.h"
#include "kernels/cpu/threads.h"

namespace ganymede::bench {
namespace {

struct Step {
  const char* model;
  int64_t size, batch;
  std::string precision, data = "shapes";
  std::map<std::string, std::string> settings = {};
  std::string name() const { return std::string("step/") + model + "/" + std::to_string(size) + "/b" + std::to_string(batch) + "/" + precision; }
};

struct Time {
  Step step;
  double milliseconds = 0;
  double convolutions = 0;  // oneDNN's best, ms; 0: not measured
  int64_t launches = 0, parameters = 0;
};

std::vector<Step> steps_for(const Device& device) {
  const bool cuda = device.type == DeviceType::cuda;
  const std::vector<std::string> precisions = cuda ? std::vector<std::string>{"bf16", "tf32", "f32"} : std::vector<std::string>{"f32", "bf16"};
  std::vector<Step> all;
  for (const std::string& p : precisions) {
    for (const int64_t batch : cuda ? std::vector<int64_t>{64, 128} : std::vector<int64_t>{16, 64}) all.push_back({"dcgan", 64, batch, p});
    all.push_back({"wgan-gp", 32, 64, p});
    for (const int64_t size : {25, 60, 120}) all.push_back({"singan", size, 1, p, "image", {{"min_size", std::to_string(size)}, {"iterations", "100000"}}});
    all.push_back({"cyclegan", 128, 1, p, "shapes:unpaired"});
    all.push_back({"pix2pix", 256, 1, p, "shapes:pairs"});
    // On cpu smaller: a step should not take longer than some seconds.
    const std::vector<std::pair<int64_t, int64_t>> progan = cuda ? std::vector<std::pair<int64_t, int64_t>>{{16, 16}, {128, 16}, {1024, 4}} : std::vector<std::pair<int64_t, int64_t>>{{16, 16}, {64, 4}};
    for (const auto& [size, batch] : progan) all.push_back({"progan", size, batch, p});
    all.push_back({"srresnet", 24, cuda ? 16 : 4, p});
    all.push_back({"srgan", 24, cuda ? 16 : 2, p});
  }
  return all;
}

struct Peer {
  OnednnPeer onednn;
  int calls;
};

std::vector<Peer> convolutions_of(const Step& s) {
  std::vector<Peer> peers;
  if (std::string(s.model) != "dcgan" || s.precision != "f32") return peers;
  for (Layer layer : kLayers)
    for (const Role role : {Role::forward, Role::data_gradient, Role::weight_gradient}) {
      if (std::string(layer.set) != "dcgan64" || layer.calls[int(role)] == 0) continue;
      layer.n = int(s.batch);
      peers.push_back({OnednnPeer(problem_of(layer, kernels::DType::f32), role), layer.calls[int(role)]});
    }
  return peers;
}

// A picture for SinGAN, which reads its only one from a file; what is on it takes no time. The file goes with the object.
struct SomePicture {
  std::filesystem::path path;
  explicit SomePicture(int64_t size)
      : path(std::filesystem::temp_directory_path() / ("bench_steps_" + std::to_string(getpid()) + "_" + std::to_string(size) + ".png")) {
    data::Picture picture(size, size, 3);
    for (size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = uint8_t(i * i / 7);
    data::write_png(path.string(), picture);
  }
  ~SomePicture() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

// A data set of few samples, so that all can be had before the measurement.
std::string few(const Step& s) { return s.data + (s.data.find(':') == s.data.npos ? ":" : ",") + "count=" + std::to_string(std::max<int64_t>(32, 4 * s.batch)); }

// Reads every sample once: from then on they are in memory.
void draw_all(const data::Dataset& set) {
#pragma omp parallel
  {
    data::HostBatch row(set.fields(), 1);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < set.size(); ++i) {
      data::Random random(1);
      set.read(i, random, row, 0);
    }
  }
}

double milliseconds_since(std::chrono::steady_clock::time_point begin) { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count(); }

// A trainer whose data are in memory.
class Training {
 public:
  Training(const Step& s, const Device& device, int threads) {
    if (is_stack(s.model)) {
      context().device = device, context().precision = parse_precision(s.precision);
      if (const auto set_threads = kernels_of(device).device.set_threads) set_threads(threads);
      stack_ = std::make_unique<Stack>(StackShape{s.model, s.size}, s.batch);
      return;
    }
    SessionOptions options;
    options.model = s.model;
    if (s.data == "image") picture_.emplace(s.size);
    options.data = picture_ ? "image:" + picture_->path.string() : few(s);
    options.size = s.size;
    if (s.data == "shapes") options.channels = 3;
    options.settings = s.settings;
    options.batch = s.batch;
    options.device = device.str();
    options.precision = s.precision;
    options.threads = threads;
    if (!picture_) options.steps = 1000000;  // SinGAN's are those of its stages
    session_ = std::make_unique<Session>(options, Session::Use::train);
    draw_all(session_->dataset());
  }
  Trainer& operator*() { return stack_ ? stack_->trainer() : session_->trainer(); }

 private:
  std::optional<SomePicture> picture_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Stack> stack_;
};

Time measure(const Step& s, const Device& device, int threads, int rounds) {
  Training training(s, device, threads);
  Trainer& trainer = *training;
  for (int i = 0; i < 5; ++i) trainer.step();  // eager, traced, captured, replayed
  const auto& d = kernels_of(device).device;
  d.synchronize();
  std::vector<Peer> peers = device.type == DeviceType::cpu ? convolutions_of(s) : std::vector<Peer>{};
  // Where the host runs ahead of the device, steps are timed in blocks of some 40 ms, and half a second of them is enough.
  int block = 1;
  if (device.type == DeviceType::cuda) {
    const auto begin = std::chrono::steady_clock::now();
    trainer.step();
    d.synchronize();
    block = std::clamp(int(40 / milliseconds_since(begin)), 2, 20);
  }
  std::vector<double> times;
  const auto begun = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) {
    if (device.type == DeviceType::cuda && round >= 5 && milliseconds_since(begun) > 500) break;
    for (Peer& p : peers) p.onednn.run();
    if (!peers.empty()) trainer.step();  // finds cold caches
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < block; ++i) trainer.step();
    d.synchronize();
    times.push_back(milliseconds_since(begin) / block);
  }
  std::nth_element(times.begin(), times.begin() + std::ptrdiff_t(times.size() / 2), times.end());
  Time t{s, times[times.size() / 2], 0, trainer.launches()};
  for (const nn::Net& n : trainer.recipe().nets) t.parameters += n.parameter_count();
  for (const Peer& p : peers) t.convolutions += p.calls * p.onednn.best_seconds() * 1e3;
  return t;
}

void write(const std::string& path, const Device& device, const std::vector<Time>& times) {
  nlohmann::ordered_json j;
  j["device"] = device.str();
  j["device_name"] = kernels_of(device).device.info(device.index).name;
  j["unit"] = "ms";
  j["steps"] = nlohmann::ordered_json::array();
  std::ofstream table(path.substr(0, path.rfind(".json")) + ".md");
  table << "## Training steps on " << device.str() << "\n\n| step | ms | pictures a second | launches |\n|---|---|---|---|\n";
  for (const Time& t : times) {
    nlohmann::ordered_json row{{"name", t.step.name() + "/ganymede"}, {"time", t.milliseconds}, {"launches", t.launches}, {"parameters", t.parameters}};
    if (t.convolutions > 0) row["onednn_convolutions"] = t.convolutions, row["ratio"] = t.milliseconds / t.convolutions;
    j["steps"].push_back(row);
    char line[160];
    std::snprintf(line, sizeof line, "| %s | %.3f | %.0f | %lld |\n", t.step.name().c_str(), t.milliseconds, 1e3 * double(t.step.batch) / t.milliseconds,
                  static_cast<long long>(t.launches));
    table << line;
  }
  std::ofstream out(path);
  out << j.dump(1) << "\n";
  require(bool(out.flush()) && bool(table.flush()), path, ": cannot be written");
}

int run(const std::string& name, const std::string& only, const std::string& json, int threads, int rounds, double seconds) {
  const auto begun = std::chrono::steady_clock::now();
  const Device device = Device::parse(name);
  if (device.type != DeviceType::cpu && device.type != DeviceType::cuda)
    throw UsageError("--device " + name + ": it must be auto, cpu, cuda or cuda:N, for the times of others say nothing about a machine");
  if (threads == 0) threads = omp_get_max_threads();
  std::vector<Time> times;
  for (const Step& s : steps_for(device)) {
    if (s.name().find(only) == std::string::npos) continue;
    if (!times.empty() && std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count() > seconds) {
      std::printf("%s: no time left\n", s.name().c_str());
      continue;
    }
    times.push_back(measure(s, device, threads, rounds));
    const Time& t = times.back();
    std::printf("%s/ganymede on %s: %.3f ms, %lld launches, %lld parameters", s.name().c_str(), device.str().c_str(), t.milliseconds,
                static_cast<long long>(t.launches), static_cast<long long>(t.parameters));
    if (t.convolutions > 0) std::printf("; oneDNN's best convolutions %.1f ms, ratio %.3f", t.convolutions, t.milliseconds / t.convolutions);
    std::printf("\n");
    std::fflush(stdout);
    if (!json.empty()) write(json, device, times);
  }
  if (times.empty()) throw UsageError("--only " + only + ": no step has that in its name");
  return 0;
}

}  // namespace
}  // namespace ganymede::bench

int main(int argc, char** argv) {
  ganymede::kernels::cpu::restart_with_short_spin(argv);
  CLI::App program{"Times training steps"};
  std::string device = "auto", only, json;
  int rounds = 9, threads = 0;
  double seconds = 1e9;
  program.add_option("--device", device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  program.add_option("--only", only, "steps whose name holds this");
  program.add_option("--rounds", rounds, "measurements of a step, at most")->check(CLI::Range(1, 1000))->capture_default_str();
  program.add_option("--seconds", seconds, "begin no measurement after so many")->check(CLI::Range(1.0, 1e9));
  program.add_option("--threads", threads, "threads of the cpu (as OpenMP does)")->check(CLI::Range(1, 1024));
  program.add_option("--json", json, "file for the results");
  try {
    program.parse(argc, argv);
    return ganymede::bench::run(device, only, json, threads, rounds, seconds);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return program.exit(e);
    std::cerr << "bench_steps: " << e.what() << "\n";
    return 2;
  } catch (const ganymede::UsageError& e) {
    std::cerr << "bench_steps: " << e.what() << "\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "bench_steps: " << e.what() << "\n";
    return 1;
  }
}
