// ganymede kernels: lists, runs, refuses, traces.
#include <algorithm>

#include "tests/apps/program.h"

namespace ganymede::apps {
namespace {

class KernelsVerb : public ProgramTest {
 protected:
  std::string output(const std::vector<std::string>& words) const {
    const Result r = run(words);
    EXPECT_EQ(r.status, 0) << r.err;
    return r.out;
  }
  void expect_has(const std::string& text, const std::vector<std::string>& parts) const {
    for (const auto& p : parts) EXPECT_NE(text.find(p), text.npos) << p << " is not in:\n" << text;
  }
};

TEST_F(KernelsVerb, ListsFamiliesTilesAndRows) {
  expect_has(output({"kernels"}), {"conv2d_forward.cu", "optimizer", "128 x 128", "bf16  small"});
  const std::string rows = output({"kernels", "--rows", "--dtype", "bf16"});
  expect_has(rows, {"A3 ", "F4 ", "128 x 8x8x256 -> 128, 4x4/2 pad 1 T"});
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 33);
}

TEST_F(KernelsVerb, ChecksEveryOperationOnTheSimulator) {
  for (const std::string name : {"conv2d.forward", "conv2d.data_gradient", "conv2d.weight_gradient", "gemm.multiply", "norm.statistics", "norm.apply", "norm.forward", "norm.gradient", "norm.second_gradient", "softmax.forward",
                                 "softmax.gradient", "attention.forward", "resample.apply", "reduce.sum_of_squares", "optimizer.step"})
    expect_has(output({"kernels", "run", name, "--device", "sim", "--check"}), {"relative error", "against f64", "time: only on cuda"});
  expect_has(output({"kernels", "run", "conv2d.forward", "--shape", "A3", "--batch", "1", "--scale", "2", "--device", "sim", "--dtype", "bf16", "--check"}), {"transposed", "dx: relative error"});
}

TEST_F(KernelsVerb, TracesABlock) {
  const std::string all = output({"kernels", "run", "conv2d.forward", "--shape", "1,5,5,4,3,3,1,1", "--device", "sim", "--trace", "0", "--check"});
  expect_has(all, {"what is traced", "phase 5", "copies  x[", "zeros   shared[", "sync_threads at kernels/device/tile_multiply.h", "writes  y[0..2] (+3 a thread)"});
  expect_has(output({"kernels", "run", "softmax.forward", "--shape", "4,100", "--device", "sim", "--trace", "0", "--threads", "0-31"}), {"shuffle_xor", "reads   x[0", "writes  y["});
  expect_has(output({"kernels", "run", "softmax.forward", "--device", "sim", "--trace", "99"}), {"has no block 99"});
}

TEST_F(KernelsVerb, RefusesInOneLine) {
  refused(2, {"kernels", "run", "conv2d.forward", "--shape", "A3", "--device", "sim"}, {"--batch", "--scale"});
  refused(2, {"kernels", "run", "conv2d.forward", "--shape", "Z9"}, {"Z9", "A1 to F4"});
  refused(2, {"kernels", "run", "conv2d.forward", "--shape", "1,2,2,8,8,5,1,0", "--device", "cpu"}, {"does not fit"});
  refused(2, {"kernels", "run", "gemm.multiply", "--shape", "1,2,x,4"}, {"\"x\"", "B,M,N,K"});
  refused(2, {"kernels", "run", "nothing"}, {"nothing", "conv2d.forward"});
  refused(2, {"kernels", "run", "softmax.forward", "--device", "cpu", "--trace", "0"}, {"--trace", "sim"});
  refused(2, {"kernels", "run", "optimizer.step", "--device", "cpu", "--dtype", "bf16"}, {"bf16"});
  refused(2, {"kernels", "run", "softmax.forward", "--nonsense"}, {"--nonsense", "--shape"});
}

}  // namespace
}  // namespace ganymede::apps
