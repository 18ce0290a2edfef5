#include "model/encoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cuda.h"
#include "kernels/dispatch.h"
#include "kernels/one_thread_each.h"
#include "kernels/sample_cnn/inference/fused_forward.h"
#include "kernels/sample_cnn/reference.h"
#include "model/device.h"
#include "model/layers.h"

namespace clmr {
namespace {

// Embeddings in bfloat16 are to stay within a cosine of 0.999 of float32's, or float32 is used. Asked for on
// a few clips is a quarter of that distance, since others may come out worse: trained networks keep 0.9999,
// and one whose batch norms blow up small differences fell from 0.999 on one clip to 0.985 on another.
constexpr double kLeastCosine = 0.99975;

// How many windows go through a device at once that works on all of them together.
constexpr int64_t kWindowsOnDevice = 64;

// x [N, Cin, T] → [N, Cout, T' or T' / 3]
at::Tensor ConvPoolRelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                        int64_t padding, bool pooled) {
  const kernels::CudaKernels* cuda = x.is_cuda() ? kernels::Cuda() : nullptr;
  if (cuda) return cuda->bias_relu_pool(at::conv1d(x, weight, {}, {stride}, {padding}), bias, pooled);
  return kernels::reference::conv_pool_relu(x, weight, bias, stride, padding, pooled);
}

// [1, kClipLength]: the samples themselves where they reach, a zero-padded copy where they end.
at::Tensor WindowAt(const float* samples, int64_t length, int64_t start) {
  if (start + kClipLength <= length)
    return at::from_blob(const_cast<float*>(samples + start), {1, kClipLength}, at::kFloat);
  at::Tensor window = at::zeros({1, kClipLength}, at::kFloat);
  if (start < length)
    std::memcpy(window.mutable_data_ptr<float>(), samples + start, (length - start) * sizeof(float));
  return window;
}

void CheckStarts(const std::vector<double>& starts) {
  for (const double start : starts)
    if (!(start >= 0 && start <= 9007199254740991.0 && std::floor(start) == start))
      throw Error("ERR_ARGUMENT",
                  "a window starts at " + std::to_string(start) + ", expected a whole number from 0 on");
}

// Plain bfloat16 is for block 1, which is more than half of the network's arithmetic. Each further block
// would save less and cost as many digits: with all of them in bfloat16 the cosine to float64 falls to 0.997.
bool WorthHalving(size_t block) { return block == 1; }

// Tiles of nine are taken where embeddings of two probe clips, ‖a − b‖ / ‖b‖, stay as close to those of tiles
// of six as this. Fresh networks do, and the trained one of the benchmark (`npm run bench:encoder`, 1.3e-6
// from float64); one whose batch norms blow up small differences would be more than 1e-5 away (test 43).
constexpr double kMostOfNine = 2e-6;

// [4, kClipLength]: decaying sines, the same quietly, noise, a tone in faint noise; the same on every
// machine.
at::Tensor ProbeClips() {
  const at::Tensor t = at::arange(kClipLength, at::kDouble) / kClipLength;
  const at::Tensor sines = (t * 4000).sin() * (t * -3).exp() * 0.5 + (t * t * 20000).sin() * 0.3;
  at::Tensor noise = at::empty({kClipLength}, at::kDouble);
  uint32_t state = 1;
  for (int64_t i = 0; i < kClipLength; ++i) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    noise.mutable_data_ptr<double>()[i] = state / 4294967296.0 - 0.5;
  }
  return at::stack({sines, sines * 0.05, noise, noise * 0.02 + (t * 900).sin() * 0.3}).to(at::kFloat);
}

bool NineIsClose(const FusedForward& nine, const FusedForward& six) {
  const AbortFlag never{false};
  const at::Tensor clips = ProbeClips();
  const float* loud[] = {clips.const_data_ptr<float>(), clips.const_data_ptr<float>() + 2 * kClipLength};
  const auto run = [&](const FusedForward& forward) {
    at::Tensor out = at::empty({2, kEmbeddingSize}, at::kFloat);
    forward.Run(loud, 2, out.mutable_data_ptr<float>(), at::get_num_threads(), never);
    return out.to(at::kDouble);
  };
  const at::Tensor wanted = run(six), distance = (run(nine) - wanted).norm(2, 1);
  return (distance <= kMostOfNine * wanted.norm(2, 1)).all().item<bool>();
}

}  // namespace

struct Encoder::Weights {
  struct Layer {
    at::Tensor weight, bias;
    int64_t stride, padding;
    bool pooled;
  };
  SampleCnn model;                            // as it was given, for State()
  std::vector<Layer> layers;                  // batch norm folded in, on the device
  std::unique_ptr<const FusedForward> fused;  // on the CPU; otherwise the layers run one by one
};

Encoder::Encoder(const SampleCnn& model, const std::string& device, Precision precision)
    : device_(ResolveDevice(device)), dtype_(precision == Precision::bfloat16 ? at::kBFloat16 : at::kFloat) {
  c10::InferenceMode inference;
  weights_ = Prepare(model, dtype_);
  if (precision == Precision::bfloat16 && !Bfloat16IsClose(model)) {
    dtype_ = at::kFloat;
    weights_ = Prepare(model, dtype_);
  }
}

// `bfloat16` allows it, it does not insist: float32 runs where bfloat16 would not be faster.
std::unique_ptr<const FusedForward> Encoder::MakeFused(const SampleCnn& model, at::ScalarType dtype) {
  std::vector<FoldedLayer> folded;
  for (const ConvBlock& b : model.blocks) {
    auto [weight, bias] = FoldBatchNorm(b, at::kDouble);
    folded.push_back({weight, bias});
  }
  std::unique_ptr<const FusedForward> fused;
  const kernels::Bfloat16Way way =
      dtype == at::kBFloat16 ? kernels::BestBfloat16() : kernels::Bfloat16Way::none;
  if (way == kernels::Bfloat16Way::direct) fused = MakeBfloat16Forward(folded);
  if (way == kernels::Bfloat16Way::winograd) fused = MakeBfloat16WinogradForward(folded);
  if (fused) return fused;
  const int outputs = kernels::WantedTileOutputs();
  if (outputs != 0)
    return MakeWinogradForward(folded, outputs == 9 ? WinogradTiles::nine : WinogradTiles::six);
  auto six = MakeWinogradForward(folded, WinogradTiles::six),
       nine = MakeWinogradForward(folded, WinogradTiles::nine);
  return NineIsClose(*nine, *six) ? std::move(nine) : std::move(six);
}

std::shared_ptr<const Encoder::Weights> Encoder::Prepare(const SampleCnn& model, at::ScalarType dtype,
                                                         bool fused) const {
  auto weights = std::make_shared<Weights>();
  weights->model = model.Clone();
  for (const ConvBlock& b : weights->model.blocks) {
    const at::ScalarType type = WorthHalving(weights->layers.size()) ? dtype : at::kFloat;
    auto [weight, bias] = FoldBatchNorm(b, type);
    weights->layers.push_back({weight.to(device_), bias.to(device_), b.stride, b.padding, b.pooled});
  }
  if (fused && device_.is_cpu() && kernels::FusedKernelsWanted())
    weights->fused = MakeFused(weights->model, dtype);
  return weights;
}

void Encoder::Update(const SampleCnn& model) {
  auto next = std::make_unique<const SampleCnn>(model.Clone());
  std::lock_guard lock(mutex_);
  next_ = std::move(next);
}

std::shared_ptr<const Encoder::Weights> Encoder::Current() const {
  std::lock_guard lock(mutex_);
  if (next_) {
    c10::InferenceMode inference;
    weights_ = Prepare(*next_, dtype_);
    next_.reset();
  }
  return weights_;
}

at::Tensor Encoder::Embed(const Weights& weights, const at::Tensor& windows, const AbortFlag& abort) const {
  at::Tensor x = windows.to(device_).unsqueeze(1);
  for (const Weights::Layer& layer : weights.layers) {
    throw_if_aborted(abort);
    x = ConvPoolRelu(x.to(layer.weight.scalar_type()), layer.weight, layer.bias, layer.stride, layer.padding,
                     layer.pooled);
  }
  return x.to(at::kCPU, at::kFloat).view({-1, kEmbeddingSize});
}

void Encoder::EncodeWindows(const float* samples, int64_t length, const std::vector<double>& starts,
                            float* out, int64_t threads, const AbortFlag& abort) const {
  CheckStarts(starts);
  const std::shared_ptr<const Weights> weights = Current();
  if (weights->fused) {
    c10::InferenceMode inference;
    std::vector<at::Tensor> windows;
    std::vector<const float*> clips;
    for (const double start : starts) {
      windows.push_back(WindowAt(samples, length, static_cast<int64_t>(start)));
      clips.push_back(windows.back().const_data_ptr<float>());
    }
    weights->fused->Run(clips.data(), clips.size(), out, threads, abort);
    return;
  }
  const int64_t n = starts.size(), together = device_.is_cpu() ? 1 : kWindowsOnDevice;
  // A device takes one group after the other: the activations of one are more than a gigabyte.
  kernels::OneThreadEach((n + together - 1) / together, device_.is_cpu() ? threads : 1, [&](int64_t group) {
    c10::InferenceMode inference;
    std::vector<at::Tensor> windows;
    const int64_t first = group * together;
    for (int64_t i = first; i < std::min(n, first + together); ++i)
      windows.push_back(WindowAt(samples, length, static_cast<int64_t>(starts[i])));
    const at::Tensor embeddings = Embed(*weights, at::cat(windows), abort).contiguous();
    std::memcpy(out + first * kEmbeddingSize, embeddings.const_data_ptr<float>(), embeddings.nbytes());
  });
}

bool Encoder::Bfloat16IsClose(const SampleCnn& model) const {
  const AbortFlag never{false};
  const std::shared_ptr<const Weights> plain = Prepare(model, at::kFloat, false);
  const at::Tensor clips = ProbeClips();
  const int64_t n = clips.size(0);
  at::Tensor half = at::empty({n, kEmbeddingSize}, at::kFloat);
  std::vector<double> starts;
  for (int64_t i = 0; i < n; ++i) starts.push_back(i * kClipLength);
  EncodeWindows(clips.const_data_ptr<float>(), clips.numel(), starts, half.mutable_data_ptr<float>(), 1,
                never);
  for (int64_t i = 0; i < n; ++i) {
    const at::Tensor exact = Embed(*plain, clips.slice(0, i, i + 1), never)[0];
    const double wanted = exact.norm().item<double>(), got = half[i].norm().item<double>();
    const bool close =
        at::dot(exact, half[i]).item<double>() >= kLeastCosine * wanted * got && got > 0;  // not with NaN
    if (wanted > 0 && !close) return false;
  }
  return true;
}

NamedTensors Encoder::State() const { return Current()->model.State(); }

int64_t Encoder::Bytes() const {
  const auto weights = Current();
  int64_t bytes = weights->model.Bytes();
  for (const Weights::Layer& layer : weights->layers) bytes += layer.weight.nbytes() + layer.bias.nbytes();
  return bytes + (weights->fused ? weights->fused->Bytes() : 0);
}

}  // namespace clmr
