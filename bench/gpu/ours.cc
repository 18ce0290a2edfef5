// What clmr computes on a device in a second, without Node: scripts/gpu/run.sh. Prints a line of JSON for each figure.
//   clmr_gpu_bench DEVICE SECONDS FOLDER   DEVICE: cuda, or cpu to rehearse it, in small
#include <ATen/ATen.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "../../test/native/tried_device.h"
#include "augment/batch.h"
#include "device/device.h"
#include "kernels/nt_xent/nt_xent.h"
#include "train/trainer.h"

namespace clmr {
namespace {

const AbortFlag kNever{false};

struct Bench {
  std::string device, folder;
  double seconds;

  bool OnCuda() const { return device != "cpu"; }
  int64_t Size(int64_t full, int64_t small) const { return OnCuda() ? full : small; }
  void Wait() const {
    if (OnCuda()) cudaDeviceSynchronize();
  }
};

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Best and median of the calls that fit into the time, three or more, after two that warm up.
void Measure(const Bench& bench, const std::string& what, const std::string& how, double count,
             const std::function<void()>& call) {
  for (int i = 0; i < 2; ++i) call();
  bench.Wait();
  std::vector<double> times;
  for (const double started = Now(); Now() - started < bench.seconds || times.size() < 3;) {
    const double begun = Now();
    call();
    bench.Wait();
    times.push_back(Now() - begun);
  }
  std::sort(times.begin(), times.end());
  size_t free = 0, total = 0;
  if (bench.OnCuda()) cudaMemGetInfo(&free, &total);
  std::printf(
      "{\"side\": \"clmr\", \"what\": \"%s\", \"how\": \"%s\", \"count\": %.0f, \"best\": %.6f, \"median\": "
      "%.6f, "
      "\"memory\": %zu}\n",
      what.c_str(), how.c_str(), count, times.front(), times[times.size() / 2], total - free);
}

using Range = std::pair<double, double>;
std::vector<TransformSpec> PublishedChain() {
  return {{"randomCrop", 1, {}},
          {"polarityInversion", 0.8, {}},
          {"noise", 0.01, {{"ratio", Range{1e-4, 0.01}}}},
          {"gain", 0.3, {{"db", Range{-20, -1}}}},
          {"highLowPass", 0.8, {{"lowPass", Range{2200, 4000}}, {"highPass", Range{200, 1200}}}},
          {"delay", 0.3, {{"ms", Range{200, 500}}, {"stepMs", 50.0}, {"volume", 0.5}}},
          {"pitchShift", 0.6, {{"cents", Range{-700, 700}}}},
          {"reverb",
           0.6,
           {{"reverberance", Range{0, 100}}, {"damping", Range{0, 100}}, {"roomSize", Range{0, 100}}}}};
}

// [n, T] of sound that no transform can shorten its way through
at::Tensor Clips(int64_t n, int64_t length) { return at::randn({n, length}) * 0.1; }

std::shared_ptr<const CropSource> Tracks(const Bench& bench, int64_t n, int64_t length) {
  std::vector<std::string> files;
  for (int64_t i = 0; i < n; ++i) {
    files.push_back(bench.folder + "/" + std::to_string(i) + ".pcm");
    const at::Tensor pcm = (Clips(1, length) * 32767).to(at::kShort);
    std::ofstream(files.back(), std::ios::binary)
        .write(static_cast<const char*>(pcm.const_data_ptr()), static_cast<std::streamsize>(pcm.nbytes()));
  }
  const std::vector<double> none(n, 0);
  return std::make_shared<CropSource>(files, none, std::vector<double>(n, static_cast<double>(length)), none);
}

void MeasureEncode(const Bench& bench, const char* how, Precision precision) {
  const int64_t n = bench.Size(1024, 8);
  const Encoder encoder(SampleCnn::Create(1, ClmrArchitecture()), ResolveDevice(bench.device), precision);
  const at::Tensor clips = Clips(n, kClipLength);
  at::Tensor out = at::empty({n, encoder.EmbeddingSize()}, at::kFloat);
  std::vector<double> starts(n);
  for (int64_t i = 0; i < n; ++i) starts[i] = static_cast<double>(i * kClipLength);
  Measure(bench, "encode, from and to the host", how, static_cast<double>(n), [&] {
    encoder.EncodeWindows(clips.const_data_ptr<float>(), clips.numel(), starts, out.mutable_data_ptr<float>(),
                          1, kNever);
  });
}

void MeasureSteps(const Bench& bench, const char* how, PrecisionChoice precision) {
  const int64_t examples = bench.Size(48, 4);
  TrainerSpec spec;
  spec.seed = 1;
  spec.batch_size = examples;
  spec.accumulate = 1;
  spec.view_norm = ViewNorm::separate;  // as CLMR trains
  spec.fused = true;
  spec.precision = precision;
  spec.device = bench.device;
  spec.objective = NtXentSpec{0.5, false};
  spec.architecture = ClmrArchitecture();
  spec.projection = {512, 64};
  spec.optimizer = AdamSpec{};
  spec.chain = {PublishedChain(), 2, kClipLength, 22050, 1, "auto"};
  const auto source = Tracks(bench, 2 * examples, 3 * 22050);
  Trainer trainer(spec, std::nullopt, std::nullopt, source, {}, std::nullopt);
  const at::Tensor views = Clips(2 * examples, kClipLength).to(ResolveDevice(bench.device));
  const double count = static_cast<double>(2 * examples);
  Measure(bench, "step on given views", how, count, [&] { trainer.StepOnViews({views, {}}, 3e-4, kNever); });
  Measure(bench, "step with augmentation", how, count, [&] { trainer.Step(3e-4, kNever); });
}

void MeasureAugmentation(const Bench& bench) {
  const int64_t rows = bench.Size(512, 8);
  const Chain chain({PublishedChain(), 2, kClipLength, 22050, 1, "cpu"});
  const at::Tensor clips = Clips(rows, kClipLength).to(ResolveDevice(bench.device));
  uint32_t step = 0;
  Measure(bench, "augmentation", "float32", static_cast<double>(rows),
          [&] { augment::ApplyToBatch(clips, chain.Draw(rows / 2, kClipLength, step++), 22050, kNever); });
  Bench shorter = bench;
  shorter.seconds /= 4;
  for (TransformSpec transform : PublishedChain()) {
    if (transform.name == "randomCrop") continue;
    transform.p = 1;
    const Chain alone({{transform}, 2, kClipLength, 22050, 1, "cpu"});
    const auto parameters = alone.Draw(rows / 2, kClipLength, 0);
    Measure(shorter, "augmentation, " + transform.name + " alone", "float32", static_cast<double>(rows),
            [&] { augment::ApplyToBatch(clips, parameters, 22050, kNever); });
  }
}

void MeasureNtXent(const Bench& bench) {
  for (const int64_t pairs : {1024, 4096, 32768}) {
    if (!bench.OnCuda() && pairs > 1024) continue;
    const at::Tensor z = at::randn({2 * pairs, 64}).to(ResolveDevice(bench.device));
    Measure(bench, "NT-Xent of " + std::to_string(pairs) + " pairs, both ways", "float32",
            static_cast<double>(pairs), [&] { kernels::nt_xent_with_gradients(z, 2, 0.5, kNever); });
  }
}

int Run(const Bench& bench) {
  if (bench.OnCuda()) OpenTriedDevice(), UseKernelsThere();
  at::manual_seed(1);
  MeasureEncode(bench, "float32", Precision::float32);
  MeasureEncode(bench, "bfloat16", Precision::bfloat16);
  MeasureSteps(bench, "float32", PrecisionChoice::float32);
  MeasureSteps(bench, "bfloat16", PrecisionChoice::bfloat16);
  MeasureAugmentation(bench);
  MeasureNtXent(bench);
  return 0;
}

}  // namespace
}  // namespace clmr

int main(int count, char** arguments) {
  if (count != 4) return std::fprintf(stderr, "usage: clmr_gpu_bench DEVICE SECONDS FOLDER\n"), 2;
  return clmr::RunProgram([&] { return clmr::Run({arguments[1], arguments[3], std::atof(arguments[2])}); });
}
