#include "model/precision.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <limits>
#include <map>
#include <mutex>

#include "device/device.h"
#include "model/encoder.h"
#include "random/tensors.h"

namespace clmr {
namespace {

constexpr int kRuns = 2;
constexpr int64_t kClipsOnCpu = 2, kClipsOnDevice = 64;

// [n, T] on the CPU
at::Tensor NoiseFor(const SampleCnn& model, c10::Device device) {
  random::Stream stream(0, random::Purpose::noise, 0, 0, 0);
  return random::Normal({device.is_cpu() ? kClipsOnCpu : kClipsOnDevice, model.ClipLength()}, stream) * 0.1;
}

struct Candidates {
  double seconds[2];  // of float32, of bfloat16
};

// The least of some runs in turn, after one that warms up. run(precision) ends when its result is there.
template <class F>
Candidates Measure(F run) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  Candidates least{{kNone, kNone}};
  for (int i = 0; i <= kRuns; ++i)
    for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
      const auto start = std::chrono::steady_clock::now();
      run(precision);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      double& best = least.seconds[precision == Precision::bfloat16];
      if (i > 0) best = std::min(best, taken.count());
    }
  return least;
}

Candidates MeasureInference(const SampleCnn& model, c10::Device device) {
  const Encoder float32(model, device, Precision::float32), bfloat16(model, device, Precision::bfloat16);
  const at::Tensor clips = NoiseFor(model, device);
  const AbortFlag never(false);
  return Measure([&](Precision precision) {
    (precision == Precision::bfloat16 ? bfloat16 : float32).Encode(clips, never);
  });
}

Candidates MeasureTraining(const SampleCnn& trained, c10::Device device) {
  const OnDevice here(device, /*tf32=*/false, Shapes::repeat);
  at::AutoGradMode with_gradients(true);
  SampleCnn model = trained.Clone();
  model.To(device);
  model.RequireGrad(true);
  const at::Tensor clips = NoiseFor(model, device).to(device);
  const AbortFlag never(false);
  return Measure([&](Precision precision) {
    model.Forward(clips, /*training=*/true, never, /*fused=*/true, precision).sum().backward();
    model.blocks[0].weight.mutable_grad().sum().item<float>();  // waits for the device
  });
}

}  // namespace

Precision ResolvePrecision(PrecisionChoice choice, const SampleCnn& model, c10::Device device,
                           Workload work) {
  if (choice != PrecisionChoice::fastest) return Settled(choice);
  static auto& mutex = *new std::mutex;  // leaked: see bindings/shutdown.h
  static auto& known = *new std::map<std::tuple<std::string, Workload, int64_t>, Precision>;
  std::lock_guard lock(mutex);
  const auto key = std::tuple(device.str(), work, model.Bytes());
  if (const auto found = known.find(key); found != known.end()) return found->second;
  const auto [seconds] =
      work == Workload::inference ? MeasureInference(model, device) : MeasureTraining(model, device);
  const Precision faster = seconds[1] < seconds[0] ? Precision::bfloat16 : Precision::float32;
  return known.emplace(key, faster).first->second;
}

}  // namespace clmr
