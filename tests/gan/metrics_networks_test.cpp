// The feature networks against PyTorch with random weights (tests/cases/metrics_networks.py), their files, and the classifier.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "engine/safetensors.h"
#include "gan/metrics/evaluation.h"
#include "gan/metrics/features_file.h"
#include "gan/nets/classifier.h"
#include "tests/support/places.h"

namespace ganymede::metrics {
namespace {

const std::string kFolder = test::source_dir() + "/tests/cases/metrics_features/";

std::vector<double> values(const RawTensor& t) {
  std::vector<double> out;
  for (size_t i = 0; i < t.bytes / sizeof(float); ++i) {
    float v;
    std::memcpy(&v, t.data + i * sizeof v, sizeof v);
    out.push_back(v);
  }
  return out;
}

double relative(const std::vector<double>& got, const std::vector<double>& expected) {
  EXPECT_EQ(got.size(), expected.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < std::min(got.size(), expected.size()); ++i) difference += std::pow(got[i] - expected[i], 2), norm += expected[i] * expected[i];
  EXPECT_GT(norm, 0);
  return std::sqrt(difference / norm);
}

// The case's summary of a map: its mean over places weighted by cos(0.7 place).
std::vector<double> summary(const Tensor& tap) {
  const auto v = tap.to_doubles();
  const int64_t places = tap.dim(1) * tap.dim(2), channels = tap.dim(3);
  std::vector<double> out(size_t(channels), 0.0);
  for (int64_t p = 0; p < places; ++p)
    for (int64_t c = 0; c < channels; ++c) out[size_t(c)] += v[size_t(p * channels + c)] * std::cos(0.7 * double(p)) / double(places);
  return out;
}

class MetricsNetworks : public testing::TestWithParam<const char*> {
 protected:
  MetricsNetworks() { context().device = Device::parse("cpu"), context().training = false, context().recording = false; }
  void agree(double bound) {
    const std::string name = GetParam();
    const FeatureNetwork f = read_features(kFolder + name + ".safetensors");
    const SafetensorsFile expected = SafetensorsFile::read(kFolder + name + "_case.safetensors");
    const RawTensor& x = expected.at("x");
    const Tensor picture = nchw_to_nhwc(tensor(values(x), Shape(x.shape), context().dtype, context().device));
    const auto out = f.module->outputs(picture);
    EXPECT_LT(relative(out.features.to_doubles(), values(expected.at("features"))), bound);
    EXPECT_LT(relative(out.logits.to_doubles(), values(expected.at("logits"))), bound);
    const Tensors taps = f.module->taps(picture);
    EXPECT_EQ(taps.size(), f.module->tap_names().size());
    for (size_t i = 0; i < taps.size(); ++i) EXPECT_LT(relative(summary(taps[i]), values(expected.at(text("tap", i)))), bound) << f.module->tap_names()[i];
  }
  ContextScope scope_;
};

TEST_P(MetricsNetworks, AgreeWithPyTorchInF64) {
  context().dtype = DType::f64;
  agree(3e-7);   // the case's rounding to float32
}
TEST_P(MetricsNetworks, AgreeWithPyTorchInF32) {
  context().dtype = DType::f32;
  agree(2e-5);
}
INSTANTIATE_TEST_SUITE_P(All, MetricsNetworks, testing::Values("inception-v3-fid", "inception-v3-torchvision", "vgg16", "vgg19", "alexnet"), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

class MetricsFiles : public testing::Test {
 protected:
  MetricsFiles() { context().device = Device::parse("cpu"), context().dtype = DType::f32; }
  using Change = std::function<void(std::map<std::string, std::string>&, std::vector<std::pair<std::string, RawTensor>>&)>;
  // Writes a changed copy of a file.
  std::string changed(const std::string& network, const Change& change) {
    const SafetensorsFile file = SafetensorsFile::read(kFolder + network + ".safetensors");
    auto about = file.metadata();
    std::vector<std::pair<std::string, RawTensor>> tensors;
    for (const auto& name : file.names()) tensors.emplace_back(name, file.at(name));
    change(about, tensors);
    const std::string path = testing::TempDir() + "metrics_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".safetensors";   // tests run side by side
    write_safetensors(path, about, tensors);
    return path;
  }
  // The file without the tensors whose names begin so, and with an entry that says how far it reaches.
  Change cut(const std::string& begin, const std::string& reach) {
    return [=](auto& about, auto& tensors) {
      about["reach"] = reach;
      std::erase_if(tensors, [&](const auto& t) { return t.first.starts_with(begin); });
    };
  }
  // The message that a changed copy of a file is refused with.
  std::string refused(const std::string& network, const Change& change) {
    const std::string path = changed(network, change);
    try {
      read_features(path);
    } catch (const Error& e) {
      std::filesystem::remove(path);
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
      return e.what();
    }
    std::filesystem::remove(path);
    ADD_FAILURE() << "was read";
    return "";
  }
  void has(const std::string& line, const std::vector<std::string>& parts) {
    for (const auto& p : parts) EXPECT_NE(line.find(p), line.npos) << p << " is not in: " << line;
  }
  ContextScope scope_;
};

TEST_F(MetricsFiles, WrongOnesAreRefused) {
  has(refused("alexnet", [](auto& about, auto&) { about["network"] = "resnet50"; }), {"resnet50", "vgg16"});
  has(refused("alexnet", [](auto& about, auto&) { about["format"] = "pt"; }), {"\"pt\"", "convert_features.py"});
  has(refused("alexnet", [](auto& about, auto&) { about["divisor"] = "7"; }), {"\"7\"", "power of 2"});
  has(refused("alexnet", [](auto& about, auto&) { about["divisor"] = "32"; }), {"conv1.weight", "shape", "alexnet"});
  has(refused("vgg16", [](auto& about, auto&) { about["network"] = "vgg19"; }), {"conv3_4.weight", "another network"});
  has(refused("vgg19", [](auto& about, auto&) { about["network"] = "vgg16"; }), {"conv3_4.weight", "none of vgg16"});
  has(refused("alexnet", [](auto&, auto& tensors) { tensors.pop_back(); }), {"LPIPS weights of 4 layers", "5"});
  std::vector<float> hold;
  has(refused("alexnet", [&](auto&, auto& tensors) {
        for (auto& [name, t] : tensors)
          if (name == "conv2.bias") {
            hold.assign(t.bytes / sizeof(float), std::nanf(""));
            t.data = reinterpret_cast<const std::byte*>(hold.data());
          }
      }),
      {"conv2.bias", "nan"});
}

TEST_F(MetricsFiles, NetworksMayEndEarly) {
  Pictures p;
  p.count = 2, p.height = p.width = 40, p.channels = 3;
  data::Random random(1);
  for (int i = 0; i < 2 * 4800; ++i) p.bytes.push_back(uint8_t(random.below(256)));
  for (const char* network : {"vgg16", "vgg19", "alexnet"}) {
    const FeatureNetwork whole = read_features(kFolder + network + ".safetensors"), maps_alone = read_features(changed(network, cut("fc", "taps")));
    EXPECT_EQ(maps_alone.reach, nets::Reach::taps);
    const auto a = maps(whole, p, 0, 2), b = maps(maps_alone, p, 0, 2);
    for (size_t tap = 0; tap < a[1].size(); ++tap) EXPECT_EQ(a[1][tap].values, b[1][tap].values) << network << " " << tap;
    EXPECT_THROW(look(maps_alone, p), Error);
    const FeatureNetwork no_classes = read_features(changed(network, cut("fc8", "features")));
    EXPECT_EQ(look(no_classes, p).features.values, look(whole, p).features.values) << network;
    EXPECT_EQ(look(no_classes, p).probabilities.count, 0);
  }
  const FeatureNetwork inception = read_features(kFolder + "inception-v3-fid.safetensors"), no_classes = read_features(changed("inception-v3-fid", cut("fc", "features")));
  EXPECT_EQ(look(no_classes, p).features.values, look(inception, p).features.values);
  EXPECT_EQ(look(no_classes, p).probabilities.count, 0);
  const FeatureNetwork stem = read_features(changed("inception-v3-fid", [](auto& about, auto& tensors) {
    about["reach"] = "taps";
    std::erase_if(tensors, [](const auto& t) { return t.first.starts_with("fc") || t.first.starts_with("Mixed"); });
  }));
  EXPECT_EQ(maps(stem, p, 1, 1)[0][0].values, maps(inception, p, 1, 1)[0][0].values);
  EXPECT_THROW(look(stem, p), Error);

  has(refused("vgg16", cut("fc", "features")), {"fc6", "incomplete"});
  has(refused("vgg16", cut("fc", "classes")), {"fc6", "incomplete"});
  has(refused("vgg16", cut("fc8", "taps")), {"fc6", "none of vgg16"});
  has(refused("vgg16", cut("fc", "all")), {"reach \"all\"", "taps, features or classes"});
}

TEST_F(MetricsFiles, PairsOfTensorsAreComparedAsBytes) {
  const FeatureNetwork f = read_features(kFolder + "alexnet.safetensors");
  seed(3);
  const Tensor a = cast(random_integers({3, 40, 36, 3}, 256), DType::f32) / 127.5 - 1.0, b = uniform({3, 40, 36, 3}, -1, 1);
  Pictures x, y;
  x.append(a), y.append(b);
  double expected = 0;
  for (int64_t i = 0; i < 3; ++i) expected += lpips(maps(f, x, i, 1)[0], maps(f, y, i, 1)[0], f.lpips_weights) / 3;
  EXPECT_NEAR(mean_lpips(f, a, b), expected, 1e-9);
  EXPECT_EQ(mean_lpips(f, a, a + 1e-4), 0);   // the same bytes
  EXPECT_THROW(mean_lpips(f, a, b.rows(0, 2)), Error);
  // Whatever the run was trained in.
  context().precision = Precision::bf16;
  EXPECT_NEAR(mean_lpips(f, a, b), expected, 1e-9);
  EXPECT_THROW(mean_lpips(read_features(kFolder + "vgg16.safetensors"), a, b), Error);
}

// A model may sample with its norms in training; what judges it may not.
TEST_F(MetricsFiles, ClassifiersJudgeWithStoredStatistics) {
  FeatureNetwork f;
  f.module = nets::classifier(16, 1, 3);
  f.net = nn::Net("classifier", f.module);
  seed(4);
  const Tensor x = uniform({5, 16, 16, 1}, -1, 1);
  context().training = false;
  const auto expected = f.module->outputs(x).logits.to_doubles();
  context().training = true, context().precision = Precision::bf16;
  EXPECT_EQ(logits(f, x).to_doubles(), expected);
  EXPECT_NE(f.module->outputs(x).logits.to_doubles(), expected);
}

// Only the network of a measure's published figures gives it its bare name.
TEST_F(MetricsFiles, MeasuresAreNamedByTheirNetworks) {
  FeatureNetwork f = read_features(kFolder + "inception-v3-torchvision.safetensors");
  Pictures one;
  one.count = 1, one.height = one.width = 40, one.channels = 3;
  for (int i = 0; i < 4800; ++i) one.bytes.push_back(uint8_t(i * 37 % 251));
  Pictures two = one;
  two.count = 2, two.bytes.insert(two.bytes.end(), one.bytes.rbegin(), one.bytes.rend());
  const auto name = [&](const char* measure, const Pictures& pictures) {
    const Side real(pictures), fake(pictures);
    Comparison c;
    c.real = &real, c.fake = &fake, c.features = &f;
    return find_picture_measure(measure)->read(c).front().name;
  };
  f.name = "inception-v3-torchvision";
  EXPECT_EQ(name("sifid", one), "sifid");
  EXPECT_EQ(name("fid", two), "fid (inception-v3-torchvision)");
  f.name = "inception-v3-fid";
  EXPECT_EQ(name("sifid", one), "sifid (inception-v3-fid)");
  EXPECT_EQ(name("fid", two), "fid");
  f.own = true;
  EXPECT_EQ(name("sifid", one), "sifid-own");
}

TEST_F(MetricsFiles, LpipsWeightsComeAlong) {
  const FeatureNetwork f = read_features(kFolder + "alexnet.safetensors");
  ASSERT_EQ(f.lpips_weights.size(), 5u);
  EXPECT_EQ(f.origin, "random weights");
  EXPECT_EQ(f.classes, 125);
  Pictures p;
  p.count = 3, p.height = p.width = 40, p.channels = 1;
  data::Random random(1);
  for (int i = 0; i < 3 * 1600; ++i) p.bytes.push_back(uint8_t(random.below(256)));
  const auto m = maps(f, p, 0, 3);
  EXPECT_EQ(lpips(m[0], m[0], f.lpips_weights), 0);
  EXPECT_GT(lpips(m[0], m[1], f.lpips_weights), 0);
  EXPECT_EQ(look(f, p).features.count, 3);
}

TEST_F(MetricsFiles, Tf1ResizeReadsCornersWithoutHalfPixels) {
  const Tensor x = tensor(std::vector<float>{0, 10, 20, 30}, Shape{1, 1, 4, 1}, DType::f32, context().device);
  // Twice as wide: places 0, 0.5, 1, ... 3, 3 (the border holds).
  const auto wide = resize_tf1(x, 1, 8).to_floats();
  const std::vector<float> expected{0, 5, 10, 15, 20, 25, 30, 30};
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(wide[i], expected[i], 1e-4) << i;
  // 3 of 4: places 0, 4/3, 8/3.
  const auto narrow = resize_tf1(x, 1, 3).to_floats();
  EXPECT_NEAR(narrow[1], 40.0 / 3, 1e-4);
  EXPECT_NEAR(narrow[2], 80.0 / 3, 1e-4);
}

}  // namespace
}  // namespace ganymede::metrics
