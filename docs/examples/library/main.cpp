// Ganymede as a library: a small network learns XOR. The update is captured: from its fourth run on it is replayed, on a GPU
// as one CUDA graph.
//   learn_xor [DEVICE]      auto, cpu, cuda or sim
#include <engine/capture.h>
#include <engine/ops.h>
#include <nn/layers.h>
#include <nn/losses.h>
#include <nn/optim.h>

#include <cstdio>

int main(int argc, char** argv) {
  using namespace ganymede;
  context().device = Device::parse(argc > 1 ? argv[1] : "auto");
  nn::seed_parameters(1);
  const nn::Net net("net", nn::sequential({nn::linear(2, 16, true, nn::init::normal(0, 1)), nn::tanh(), nn::linear(16, 1)}));
  nn::Stepper stepper(net, nn::adam(0.05));
  const Tensor x = tensor(std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}, DType::f32, context().device);
  const Tensor wanted = tensor(std::vector<float>{0, 1, 1, 0}, {4, 1}, DType::f32, context().device);

  Unit update;
  Tensor loss;
  for (int step = 0; step < 200; ++step) {
    stepper.prepare(step);
    update.run([&] {
      const nn::Moving moving({net});
      loss = nn::bce_with_logits(net(x), wanted);
      stepper.step(grad({loss}, net.leaves(), {}, Record::off));
    });
  }
  std::printf("loss after 200 steps on %s: %.4f\n", context().device.str().c_str(), loss.item());
  return loss.item() < 0.05 ? 0 : 1;
}
