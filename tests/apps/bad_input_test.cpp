// Wrong use ends with 2 and a failure with 1, in one line that says what, where, both values and what would
// be right; and nothing is made, changed or overwritten.
#include <unistd.h>

#include <cstdint>

#include "gan/data/png.h"
#include "tests/apps/program.h"

namespace ganymede::apps {
namespace {

using BadInput = ProgramTest;
using Words = std::vector<std::string>;

std::string png(int64_t side) {
  data::Picture p(side, side, 3);
  for (size_t i = 0; i < p.pixels.size(); ++i) p.pixels[i] = uint8_t(i * 7);
  const auto bytes = data::encode_png(p);
  return std::string(bytes.begin(), bytes.end());
}

std::string big_endian(uint32_t x) { return {char(x >> 24), char(x >> 16), char(x >> 8), char(x)}; }

std::string idx_images(uint32_t n, uint32_t side) {
  return std::string("\0\0\x08\x03", 4) + big_endian(n) + big_endian(side) + big_endian(side) +
         std::string(n * side * side, 'x');
}

Words on_data(const std::string& data, const Words& more = {}) {
  Words words{"train", "dcgan", "--out", "run", "--size", "16", "--set", "width=4", "--data", data};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST_F(BadInput, VerbsModelsAndOptions) {
  refused(2, {}, {"models", "explain", "train", "sample", "report"});
  refused(2, {"paint"}, {"unknown verb paint", "models", "train"});
  refused(2, {"train", "began", "--out", "run"}, {"unknown model began", "gan", "dcgan"});
  refused(2, {"explain", "began"}, {"unknown model began", "dcgan"});
  refused(2, {"explain"}, {"name one model", "--all"});
  refused(2, {"train", "--out", "run"}, {"name a model", "ganymede models"});
  refused(2, {"train", "dcgan"}, {"--out"});
  refused(2, {"train", "dcgan", "--out"}, {"--out", "missing"});
  refused(2, {"train", "dcgan", "more", "--out", "run"}, {"train", "more"});
  refused(2, tiny("run", {"--bach", "4"}), {"train: unknown option --bach", "--batch"});
  refused(2, {"sample", "run", "--grid"}, {"sample: unknown option --grid", "--columns"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, ATestSplitThatSheetsNeedIsAskedForFirst) {
  std::string list = "4\nred blue\n";
  for (const char* name : {"0.png", "1.png", "2.png", "3.png"}) put(std::string("faces/img_align_celeba/") + name, png(16)), list += std::string(name) + " 1 -1\n";
  put("faces/list_attr_celeba.txt", list);
  refused(1, {"train", "stargan", "--data", "celeba:faces", "--size", "16", "--batch", "2", "--steps", "1", "--set", "attributes=red/blue", "--out", "run"}, {"list_eval_partition.txt", "no test split"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, ValuesOfOptions) {
  const auto range = [&](const std::string& option, const std::string& value, const std::string& right) {
    refused(2, tiny("run", {option, value}), {option + ": ", value, right});
  };
  range("--steps", "0", "from 1 to");
  range("--steps", "many", "whole number");
  range("--steps", "1.5", "whole number");
  range("--steps", "99999999999999999999", "from 1 to");
  range("--epochs", "-1", "above 0");
  range("--epochs", "nan", "above 0");
  range("--threads", "0", "from 1 to");
  range("--seed", "-1", "from 0 to");
  range("--log-every", "0", "from 1 to");
  range("--save-every", "-5", "from 1 to");
  range("--channels", "2", "1 or 3");
  refused(2, {"train", "dcgan", "--out", "run", "--size", "0"}, {"--size: 0", "from 1 to"});
  refused(2, {"train", "dcgan", "--out", "run", "--batch", "0"}, {"--batch: 0", "from 1 to"});
  refused(2, tiny("run", {"--steps", "5", "--epochs", "2"}), {"--steps", "--epochs"});
  refused(2, {"sample", "run", "-n", "0"}, {"-n: 0", "from 1 to"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, DevicesAndPrecisions) {
  refused(2, tiny("run", {"--device", "tpu"}), {"unknown device tpu", "auto, cpu, cuda, cuda:N or sim"});
  refused(2, tiny("run", {"--device", "cuda:x"}), {"device cuda:x"});
  refused(2, tiny("run", {"--device", "plan"}), {"device plan", "cpu"});
  refused(2, tiny("run", {"--device", "cpu", "--precision", "f16"}),
          {"unknown precision f16", "f32, tf32 or bf16"});
  refused(2, tiny("run", {"--device", "cpu", "--precision", "tf32"}), {"tf32", "cpu", "f32 or bf16"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, SettingsOfTheModel) {
  refused(2, tiny("run", {"--set", "wdth=8"}), {"unknown setting wdth", "width"});
  refused(2, tiny("run", {"--set", "width"}), {"setting width", "name=value"});
  refused(2, tiny("run", {"--set", "width=0"}), {"width=0", "from 1 to 4096"});
  refused(2, tiny("run", {"--set", "width=4.5"}), {"width=4.5", "whole number"});
  refused(2, tiny("run", {"--set", "rate=fast"}), {"rate=fast", "a number"});
  refused(2, tiny("run", {"--set", "objective=best"}), {"objective=best", "bce", "wgan-gp"});
  // 20 is no power of two.
  refused(2, {"train", "dcgan", "--out", "run", "--data", "shapes:count=64", "--size", "20"},
          {"20", "16, 32, 64", "--size"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, DataSpecifications) {
  refused(2, on_data("nothing"), {"unknown kind 'nothing'", "fashion-mnist", "folder", "shapes"});
  refused(2, on_data("shapes:count=none"), {"count", "none"});
  refused(2, on_data("shapes:colour=red"), {"colour"});
  refused(1, on_data("folder:absent"), {"absent", "no such folder"});
  std::filesystem::create_directory(*this / "empty");
  refused(1, on_data("folder:empty"), {"empty", "no pictures", ".png"});
  refused(1, on_data("mnist:absent"), {"absent", "no such folder"});
  refused(1, on_data("mnist:empty"), {"empty", "train-"});
  refused(2, on_data("mixture:ring8"), {"mixture:ring8", "for pictures, not for points"});
  refused(2, {"train", "dcgan", "--out", "run", "--data", "mixture:ring8"}, {"model dcgan needs", "image"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, BrokenPng) {
  const std::string whole = png(16);
  put("pictures/a.png", whole);
  const auto broken = [&](const std::string& bytes, const Words& parts) {
    put("pictures/b.png", bytes);
    Words all{"pictures/b.png"};
    all.insert(all.end(), parts.begin(), parts.end());
    refused(1, on_data("folder:pictures", {"--batch", "2"}), all);
  };
  broken("", {"empty"});
  broken(whole.substr(0, whole.size() / 2), {"truncated"});
  broken("not a picture at all", {"neither a PNG"});
  std::string flipped = whole;
  flipped[flipped.size() / 2] ^= 0x10;
  broken(flipped, {"checksum"});
  std::string huge = whole;
  huge.replace(16, 8, big_endian(1 << 20) + big_endian(1 << 20));
  broken(huge, {"b.png"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, BrokenIdx) {
  const std::string images = idx_images(4, 16),
                    labels = std::string("\0\0\x08\x01", 4) + big_endian(4) + std::string(4, '\1');
  put("idx/train-labels-idx1-ubyte", labels);
  const auto broken = [&](const std::string& bytes, const Words& parts) {
    put("idx/train-images-idx3-ubyte", bytes);
    Words all{"train-images-idx3-ubyte"};
    all.insert(all.end(), parts.begin(), parts.end());
    refused(1, on_data("mnist:idx", {"--batch", "2"}), all);
  };
  broken("", {"empty"});
  broken(images.substr(0, 10), {"header", "10", "16"});
  broken(images.substr(0, images.size() - 1), {"4x16x16", "1024", "1023", "truncated"});
  broken("\x7f" + images.substr(1), {"not an IDX file", "0x7f000803", "0x00000803"});
  broken(
      images.substr(0, 4) + big_endian(0xffffffff) + big_endian(0xffffffff) + big_endian(0xffffffff) + "xx",
      {"4294967295x"});
  broken(idx_images(3, 16), {"4 labels", "3 pictures"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, BatchLargerThanTheData) {
  refused(1, on_data("shapes:count=8", {"--batch", "9"}), {"9", "8", "--batch 8"});
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, FoldersThatAreNotFree) {
  put("letters/love.txt", "dear");
  refused(2, tiny("letters"), {"letters", "not empty", "choose another folder"});
  refused(2, tiny("letters", {"--resume"}), {"letters", "not a run", "run.json"});
  EXPECT_EQ(files("letters").size(), 1u);
  put("file", "x");
  refused(2, tiny("file"), {"file", "not a folder"});
  EXPECT_EQ(get("file"), "x");
  refused(1, tiny("file/run"), {"file/run", "folder"});
  refused(2, tiny("run", {"--resume"}), {"run", "no such run", "leave out --resume"});
  refused(2, {"report", "letters"}, {"letters", "not a run", "run.json"});
  refused(2, {"report", "run"}, {"run", "no such run"});
  refused(2, {"sample", "letters"}, {"letters", "not a run"});
  EXPECT_EQ(files("letters").size(), 1u);
  EXPECT_FALSE(exists("run"));
}

TEST_F(BadInput, UnwritableOutput) {
  refused(1, tiny("/proc/run"), {"/proc/run", "cannot make the folder"});
  ASSERT_EQ(run(tiny("run", {"--steps", "1"})).status, 0);
  refused(1, {"sample", "run", "--out", "absent/x.png"}, {"absent/x.png", "No such file"});
  refused(1, {"sample", "run", "--out", "run"}, {"run"});
  refused(2, {"sample", "run", "--iteration", "7"}, {"iteration 7", "are 1"});
  EXPECT_TRUE(exists("run/run.json"));
  // No room for standard output is a failure of a verb that only prints.
  if (access("/dev/full", W_OK) == 0) {
    const Result r = Program(folder_, {"models"}, "/dev/full").wait();
    EXPECT_EQ(r.status, 1);
    EXPECT_NE(r.err.find("standard output"), r.err.npos) << r.err;
  }
}

TEST_F(BadInput, ResumeThatIsNotTheRun) {
  ASSERT_EQ(run(tiny("run", {"--steps", "2", "--set", "rate=0.0002"})).status, 0);
  const auto before = files("run");
  refused(2, tiny("run"), {"run", "\"dcgan\" already", "--resume"});
  refused(2, {"train", "gan", "--out", "run", "--resume"}, {"run", "\"dcgan\"", "\"gan\"", "another folder"});
  const auto differs = [&](const std::string& option, const std::string& value, const Words& parts) {
    Words all{"run: cannot resume"};
    all.insert(all.end(), parts.begin(), parts.end());
    refused(2, {"train", "--out", "run", "--resume", option, value}, all);
  };
  differs("--set", "width=8", {"settings.width", "\"4\"", "\"8\""});
  differs("--set", "objective=wgan-gp", {"settings.objective", "\"bce\"", "\"wgan-gp\""});
  differs("--set", "gp=5", {"settings.gp", "not set", "\"5\""});
  differs("--batch", "8", {"batch is 4", "8"});
  differs("--seed", "2", {"seed is 1", "2"});
  differs("--size", "32", {"size is 16", "32"});
  differs("--data", "shapes:count=65", {"count=64", "count=65", "--allow-inexact"});
  differs("--threads", "2", {"threads is 1", "2", "--allow-inexact"});
  differs("--precision", "bf16", {"precision", "f32", "bf16", "--allow-inexact"});
  differs("--device", "sim", {"device", "cpu", "sim", "--allow-inexact"});
  refused(2, {"train", "--out", "run", "--resume", "--steps", "1"}, {"2 iterations", "1", "--steps 2"});
  EXPECT_EQ(files("run"), before);
}

TEST_F(BadInput, DamagedRunJson) {
  put("run/run.json", "{\"model\": \"dcgan\", \"size\": ");
  refused(1, {"train", "--out", "run", "--resume"}, {"run/run.json", "damaged"});
  put("run/run.json", "{\"model\": \"dcgan\", \"size\": \"big\"}");
  refused(1, {"train", "--out", "run", "--resume"}, {"run/run.json"});
  refused(1, {"sample", "run"}, {"run.json"});
  EXPECT_EQ(files("run").size(), 1u);
}

TEST_F(BadInput, ConfigFiles) {
  const auto wrong = [&](const std::string& text, const Words& parts) {
    put("c.toml", text);
    refused(2, tiny("run", {"--config", "c.toml"}), parts);
  };
  refused(2, tiny("run", {"--config", "absent.toml"}), {"absent.toml"});
  refused(2, tiny("run", {"--config", "."}), {".", "folder"});
  wrong("step = 5\n", {"c.toml:1", "step", "unknown key", "steps"});
  wrong("seed = 1\n[optimizer]\nrate = 1\n", {"c.toml:2", "optimizer", "unknown key", "[settings]"});
  wrong("steps = 0\n", {"c.toml:1", "steps", "0 is not a whole number"});
  wrong("steps = [1, 2]\n", {"c.toml:1", "steps", "must be"});
  wrong("steps = 5\nepochs = 1\n", {"c.toml", "steps", "epochs", "keep one"});
  wrong("steps = \n", {"c.toml:1"});
  wrong("settings = 3\n", {"c.toml:1", "[settings]"});
  wrong("[settings]\nwdth = 3\n", {"unknown setting wdth", "width"});
  wrong("steps = 1_002.\xca\x92\n", {"c.toml:1"});  // U+0292, at which toml++ 3.3 is undefined
  wrong("a = 1\n[x.y]\n[[z]\n]00e9\"\n", {"c.toml"});  // where toml++ 3.3 ends the program
  wrong("resume = true\n", {"c.toml:1", "resume"});
  EXPECT_FALSE(exists("run"));
}

}  // namespace
}  // namespace ganymede::apps
