// The file of measured variants: what is read, what is refused, and what it does to the choice of a convolution.
#include "gan/tuned.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "engine/check.h"

namespace ganymede {
namespace {

namespace fs = std::filesystem;
using kernels::Conv2dRole;

class Tuned : public testing::Test {
 protected:
  Tuned() : folder_(fs::temp_directory_path() / ("ganymede-tuned-" + std::to_string(getpid()))), file_(folder_ / "cache" / "tune.json") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    setenv("GANYMEDE_CACHE", (folder_ / "cache").c_str(), 1);
  }
  ~Tuned() override {
    unsetenv("GANYMEDE_CACHE");
    variants_of({DeviceType::sim, 0})->forget();
    fs::remove_all(folder_);
  }
  static UsedConvolution convolution(int n, Conv2dRole role = Conv2dRole::forward) {
    return {role, {n, 8, 8, 16, 24, 3, 3, 8, 8, 1, 1, 1, 1, 1, 1, 1, DType::bf16, Math::f32}};
  }
  static UsedAttention attention(int batch) {
    return {kernels::AttentionRole::key_gradient, {batch, 8, 16, 24, 32, 1, DType::bf16, Math::f32}};
  }
  static UsedNorm norm(int64_t rows) { return {kernels::NormRole::gradient, {2, rows, 24, 1, 1e-5, true, 0, DType::bf16}}; }
  void put(const std::string& bytes) const {
    fs::create_directories(file_.parent_path());
    std::ofstream(file_, std::ios::binary) << bytes;
  }
  std::string get() const {
    std::ostringstream bytes;
    bytes << std::ifstream(file_, std::ios::binary).rdbuf();
    return bytes.str();
  }
  std::string refusal() const {
    try {
      read_tuned(file_);
    } catch (const Error& wrong) {
      const std::string what = wrong.what();
      EXPECT_NE(what.find(file_.string()), what.npos) << what;
      EXPECT_EQ(what.find('\n'), what.npos) << what;
      return what;
    }
    return "accepted";
  }

  fs::path folder_, file_;
};

TEST_F(Tuned, BordersAreKeptApart) {
  UsedConvolution reflect = convolution(1), replicate = convolution(1);
  reflect.problem.border = kernels::Padding::reflect, replicate.problem.border = kernels::Padding::replicate;
  write_tuned(file_, {{"one", "1"}, {{convolution(1), "large", 1, 1, 1}, {reflect, "tall", 1, 1, 1}, {replicate, "thin", 1, 1, 1}}});
  const auto all = read_tuned(file_).at(0).convolutions;
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(same_convolution(all[0].what, convolution(1)) && same_convolution(all[1].what, reflect) && same_convolution(all[2].what, replicate));
  std::string bytes = get();
  bytes.replace(bytes.find("\"replicate\""), 11, "\"mirror\"");
  put(bytes);
  EXPECT_NE(refusal().find("\"border\" is \"mirror\", must be reflect or replicate"), std::string::npos);
}

TEST_F(Tuned, CardsAndConvolutionsAreKeptApart) {
  EXPECT_EQ(tuned_file(), file_);
  EXPECT_TRUE(read_tuned(file_).empty());
  const Card one{"one", "1"}, other{"one", "2"};
  write_tuned(file_, {one, {{convolution(1), "large", 2, 1e-6, 2e-6}, {convolution(2), "tall", 1, 3, 3}}});
  write_tuned(file_, {other, {{convolution(1), "small", 1, 5, 5}}});
  write_tuned(file_, {one, {{convolution(1), "medium", 4, 0.5e-6, 2e-6}, {convolution(1, Conv2dRole::data_gradient), "thin", 1, 1, 1}}});
  auto cards = read_tuned(file_);
  ASSERT_EQ(cards.size(), 2u);
  ASSERT_EQ(cards[0].convolutions.size(), 3u);
  EXPECT_EQ(cards[0].convolutions[0].tile, "tall");
  EXPECT_EQ(cards[0].convolutions[1].tile, "medium");
  EXPECT_EQ(cards[0].convolutions[1].parts, 4);
  EXPECT_EQ(cards[0].convolutions[1].cost, 0.5e-6);
  EXPECT_TRUE(same_convolution(cards[0].convolutions[1].what, convolution(1)));
  EXPECT_FALSE(same_convolution(cards[0].convolutions[2].what, convolution(1)));
  EXPECT_EQ(cards[1].convolutions[0].tile, "small");
  write_tuned(file_, {one, {}, {{attention(1), true, 1, 2}, {attention(2), true, 1, 2}}});
  write_tuned(file_, {one, {}, {{attention(1), false, 3, 3}}});
  cards = read_tuned(file_);
  EXPECT_EQ(cards[0].convolutions.size(), 3u);
  ASSERT_EQ(cards[0].attentions.size(), 2u);
  EXPECT_TRUE(same_attention(cards[0].attentions[0].what, attention(2)));
  EXPECT_TRUE(cards[0].attentions[0].twin);
  EXPECT_FALSE(cards[0].attentions[1].twin);
  EXPECT_EQ(cards[0].attentions[1].cost, 3);
  write_tuned(file_, {one, {}, {}, {{norm(1), 0, 1, 2}, {norm(2), 8, 1, 2}}});
  write_tuned(file_, {one, {}, {}, {{norm(1), 1, 3, 3}}});
  cards = read_tuned(file_);
  EXPECT_EQ(cards[0].attentions.size(), 2u);
  ASSERT_EQ(cards[0].norms.size(), 2u);
  EXPECT_TRUE(same_norm(cards[0].norms[0].what, norm(2)));
  EXPECT_EQ(cards[0].norms[0].what.problem.width, 1);
  EXPECT_EQ(cards[0].norms[0].blocks, 8);
  EXPECT_EQ(cards[0].norms[1].blocks, 1);
  EXPECT_EQ(cards[0].norms[1].cost, 3);
  EXPECT_TRUE(remove_tuned(file_, one));
  EXPECT_FALSE(remove_tuned(file_, one));
  EXPECT_EQ(read_tuned(file_).size(), 1u);
}

TEST_F(Tuned, EveryWrongFileIsRefusedAndStays) {
  write_tuned(file_, {{"card", "driver"}, {{convolution(1), "large", 1, 1, 1}}, {{attention(1), true, 1, 1}}, {{norm(5), 1, 1, 1}}});
  const std::string good = get();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    const size_t at = bytes.find(from);
    EXPECT_NE(at, bytes.npos) << from;
    return bytes.replace(at, from.size(), to);
  };
  for (const auto& [bytes, says] : std::vector<std::pair<std::string, std::string>>{
           {"", "not JSON"},
           {"{\"cards\": " + std::string(300000, '[') + std::string(300000, ']') + "}", "not JSON"},   // deeper than the stack
           {good.substr(0, good.size() / 2), "not JSON"},
           {"[1, 2]", "not a file of ganymede tune"},
           {R"({"format": "something else"})", "not a file of ganymede tune"},
           {with("\"version\": 1", "\"version\": 7"), "version 7"},
           {with("\"cards\"", "\"maps\""), "\"cards\" is missing"},
           {with("\"driver\": \"driver\"", "\"driver\": 3"), "\"driver\" is not text"},
           {with("\"direction\": \"forward\"", "\"direction\": \"sideways\""), "sideways"},
           {with("\"number\": \"bf16\"", "\"number\": \"fp4\""), "fp4"},
           {with("\"direction\": \"key_gradient\"", "\"direction\": \"sideways\""), "forward, query_gradient or key_gradient"},
           {with("\"twin\": true", "\"twin\": 1"), "\"twin\" is neither"},
           {with("\"direction\": \"gradient\"", "\"direction\": \"sideways\""), "forward, gradient or second_gradient"},
           {with("\"rows\": 5", "\"rows\": 0"), "\"rows\" is 0"},
           {with("\"blocks\": 1", "\"blocks\": -1"), "\"blocks\" is -1"},
           {with("\"keys\": 16", "\"keys\": 0"), "\"keys\" is 0"},
           {with("\"stride_h\": 1", "\"stride_h\": 0"), "\"stride_h\" is 0"},
           {with("\"parts\": 1", "\"parts\": 1e99"), "\"parts\""},
           {with("\"parts\": 1", "\"parts\": null"), "\"parts\""},
           {with("\"cost\": 1.0", "\"cost\": -1"), "\"cost\""}}) {
    put(bytes);
    EXPECT_NE(refusal().find(says), std::string::npos) << refusal() << "\nfor " << bytes;
    EXPECT_THROW(write_tuned(file_, {{"card", "driver"}, {}}), Error);
    EXPECT_EQ(get(), bytes);
  }
  put(good);
  EXPECT_EQ(refusal(), "accepted");
  fs::remove(file_);
  fs::create_directories(file_);
  EXPECT_NE(refusal().find("not a file"), std::string::npos);
}

// Applied once a process, so that everything about it stands in one test.
TEST_F(Tuned, AppliedChoicesAreFollowed) {
  const Device sim{DeviceType::sim, 0};
  const kernels::VariantKernels& v = *variants_of(sim);
  const Card mine = card_of(sim);
  EXPECT_EQ(mine, (Card{"simulator", "simulator"}));
  const UsedConvolution a = convolution(1), b = convolution(2), c = convolution(1, Conv2dRole::weight_gradient);
  UsedConvolution exact = convolution(4);
  exact.problem.dtype = DType::f32;
  const auto chosen = [&](const UsedConvolution& u) {
    const kernels::ConvVariant k = v.chosen(u.role, u.problem);
    return std::string(v.tile_name(k.tile)) + " " + std::to_string(k.parts);
  };
  const std::string table_b = chosen(b);
  ASSERT_NE(chosen(a), "tall 3");
  // Twins are nothing for a card of sm_80, and a tile of a later version nothing for this one.
  write_tuned(file_, {mine, {{a, "tall", 3, 1, 2}, {b, "twin_square", 1, 1, 2}, {convolution(3), "enormous", 1, 1, 2}, {c, "medium", 5, 1, 2}, {exact, "winograd", 1, 1, 2}}, {{attention(1), true, 1, 2}, {attention(2), false, 2, 2}}, {{norm(40), 0, 1, 2}, {norm(41), 4, 1, 2}}});
  write_tuned(file_, {{"simulator", "older"}, {{b, "thin", 1, 1, 2}}});
  write_tuned(file_, {{"another card", "simulator"}, {{b, "thin", 1, 1, 2}}});
  std::ostringstream said;
  apply_tuned({DeviceType::cpu, 0}, said);
  EXPECT_EQ(said.str(), "");
  apply_tuned(sim, said);
  EXPECT_EQ(chosen(a), "tall 3");
  EXPECT_EQ(chosen(c), "medium 5");
  EXPECT_EQ(chosen(b), table_b);
  EXPECT_EQ(chosen(exact), "winograd 1");
  EXPECT_EQ(v.norm_blocks(norm(40).role, norm(40).problem), 0);
  EXPECT_EQ(v.norm_blocks(norm(41).role, norm(41).problem), 1);   // clusters are nothing for a card of sm_80 either
  const std::string lines = said.str();
  EXPECT_NE(lines.find("4 of 9 measured variants are not in this build"), std::string::npos) << lines;
  EXPECT_NE(lines.find("measured with driver older are left out, this is simulator"), std::string::npos) << lines;
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  // The workspace is that of the parts.
  EXPECT_EQ(kernels_of(sim).conv2d.weight_gradient_workspace(c.problem), size_t{4} * 5 * 24 * 9 * 16);
  v.forget();
  EXPECT_NE(chosen(a), "tall 3");
}

TEST_F(Tuned, AProcessAsksOnceForADevice) {
  const Device sim{DeviceType::sim, 0};
  std::ostringstream said;
  apply_tuned_once(sim, said);
  write_tuned(file_, {{"simulator", "older"}, {{convolution(1), "thin", 1, 1, 2}}});
  apply_tuned_once(sim, said);
  EXPECT_EQ(said.str(), "");
  apply_tuned(sim, said);
  EXPECT_NE(said.str(), "");
}

}  // namespace
}  // namespace ganymede
