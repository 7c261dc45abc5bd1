#include "gan/metrics/features_file.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/safetensors.h"
#include "gan/nets/alexnet.h"
#include "gan/nets/inception.h"
#include "gan/nets/vgg.h"

namespace ganymede::metrics {
namespace {

constexpr const char* kFeaturesFormat = "ganymede features 1";
constexpr const char* kNetworks = "inception-v3-fid, inception-v3-torchvision, vgg16, vgg19 or alexnet";

std::string metadata_of(const SafetensorsFile& file, const std::string& key) {
  const auto it = file.metadata().find(key);
  return it == file.metadata().end() ? "" : it->second;
}

int divisor_of(const SafetensorsFile& file) {
  const std::string text = metadata_of(file, "divisor");
  if (text.empty()) return 1;
  int n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  require(error == std::errc() && end == text.data() + text.size() && n >= 1 && n <= 64 && (n & (n - 1)) == 0, file.path(), ": divisor \"", text, "\" must be a power of 2 up to 64");
  return n;
}

nets::Reach reach_of(const SafetensorsFile& file) {
  const std::string text = metadata_of(file, "reach");
  if (text.empty() || text == "classes") return nets::Reach::classes;
  require(text == "taps" || text == "features", file.path(), ": reach \"", text, "\", expected taps, features or classes");
  return text == "taps" ? nets::Reach::taps : nets::Reach::features;
}

FeatureNetwork made(const SafetensorsFile& file) {
  const std::string name = metadata_of(file, "network");
  const int divisor = divisor_of(file);
  FeatureNetwork f;
  f.reach = reach_of(file);
  f.name = name;
  if (name == "inception-v3-fid" || name == "inception-v3-torchvision") {
    require(divisor <= 16, file.path(), ": divisor ", divisor, ", an inception network has widths that divide by 16");
    f.module = nets::inception(name == "inception-v3-fid" ? nets::InceptionKind::fid : nets::InceptionKind::torchvision, divisor, f.reach);
    f.intake = name == "inception-v3-fid" ? Intake::inception_tf : Intake::inception_pytorch;
  } else if (name == "vgg16" || name == "vgg19") {
    f.module = nets::vgg(name == "vgg16" ? 16 : 19, divisor, f.reach), f.intake = Intake::imagenet;
  } else if (name == "alexnet") {
    f.module = nets::alexnet(divisor, f.reach), f.intake = Intake::imagenet;
  } else {
    fail(file.path(), ": features of network \"", name, "\"; there are ", kNetworks);
  }
  if (divisor > 1) f.name += text(" / ", divisor);
  f.net = nn::Net("features", f.module);
  return f;
}

std::vector<float> floats(const SafetensorsFile& file, const std::string& name) {
  const RawTensor& raw = file.at(name);
  require(raw.dtype == DType::f32, file.path(), ", tensor ", name, ": ", raw.dtype, ", expected f32");
  std::vector<float> values(raw.bytes / sizeof(float));
  std::memcpy(values.data(), raw.data, raw.bytes);
  for (const float v : values) require(std::isfinite(v), file.path(), ", tensor ", name, ": holds ", v);
  return values;
}

}  // namespace

FeatureNetwork read_features(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  if (metadata_of(file, "format") != kFeaturesFormat)
    fail(path, ": format \"", metadata_of(file, "format"), "\", expected \"", kFeaturesFormat, "\": convert public weights with scripts/convert_features.py");
  FeatureNetwork f = made(file);
  f.origin = metadata_of(file, "source").empty() ? path : metadata_of(file, "source");
  std::set<std::string> used;
  const auto take = [&](const std::vector<nn::NamedTensor>& wanted) {
    for (const auto& [name, t] : wanted) {
      require(file.contains(name), path, ": no tensor ", name, ", which ", f.name, " has; it is incomplete or of another network");
      const RawTensor& raw = file.at(name);
      require(Shape(raw.shape) == t.shape(), path, ", tensor ", name, ": shape ", Shape(raw.shape), " in the file, ", t.shape(), " in ", f.name);
      const std::vector<float> values = floats(file, name);
      assign(t, tensor(values, t.shape(), t.dtype(), t.device()));
      used.insert(name);
    }
  };
  take(f.net.parameters()), take(f.net.buffers());
  for (size_t i = 0; file.contains(text("lpips.", i)); ++i) {
    f.lpips_weights.push_back(floats(file, text("lpips.", i)));
    for (const float v : f.lpips_weights.back()) require(v >= 0, path, ", tensor lpips.", i, ": weight ", v, " is below 0");
    used.insert(text("lpips.", i));
  }
  require(f.lpips_weights.empty() || f.lpips_weights.size() == f.module->tap_names().size(), path, ": LPIPS weights of ", f.lpips_weights.size(), " layers, ", f.name, " has ",
          f.module->tap_names().size());
  for (const std::string& name : file.names()) require(used.count(name) == 1, path, ": tensor ", name, " is none of ", f.name, "'s");
  for (const auto& p : f.net.parameters())
    if (p.name == "fc.weight" || p.name == "fc8.weight") f.classes = p.value.dim(0);
  return f;
}

}  // namespace ganymede::metrics
