#include "model/encoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "device/device.h"
#include "kernels/sample_cnn/inference/inference.h"
#include "model/layers.h"
#include "model/windows.h"

namespace clmr {
namespace {

kernels::FoldedNetwork Fold(const SampleCnn& model) {
  kernels::FoldedNetwork network{{}, model.ClipLength()};
  for (const ConvBlock& block : model.blocks) {
    const auto [weight, bias] = FoldBatchNorm(block);
    network.layers.push_back({weight, bias, block.stride, block.padding, block.pool});
  }
  return network;
}

}  // namespace

struct Encoder::Weights {
  SampleCnn model;  // as it was given, for State()
  std::unique_ptr<const kernels::Inference> inference;
};

Encoder::Encoder(const SampleCnn& model, const EncoderSpec& spec)
    : Encoder(model, ResolveDevice(spec.device),
              ResolvePrecision(spec.precision, model, ResolveDevice(spec.device), Workload::inference),
              spec.tf32) {}

Encoder::Encoder(const SampleCnn& model, c10::Device device, Precision precision, bool tf32)
    : architecture_(model.architecture), device_(device), precision_(precision), tf32_(tf32) {
  const OnDevice here(device_, tf32_);
  weights_ = Prepare(model);
  if (precision == Precision::float32 || kernels::Bfloat16IsClose(*weights_->inference, Fold(model), device_))
    return;
  precision_ = Precision::float32;
  weights_ = Prepare(model);
}

std::shared_ptr<const Encoder::Weights> Encoder::Prepare(const SampleCnn& model) const {
  c10::InferenceMode inference;
  SampleCnn copy = model.Clone();
  copy.To(at::kCPU);
  auto passes = kernels::MakeInference(Fold(copy), device_, precision_);
  return std::make_shared<Weights>(Weights{std::move(copy), std::move(passes)});
}

void Encoder::Update(const SampleCnn& model) {
  auto next = std::make_unique<const SampleCnn>(model.Clone());
  std::lock_guard lock(mutex_);
  next_ = std::move(next);
}

std::shared_ptr<const Encoder::Weights> Encoder::Current() const {
  std::lock_guard lock(mutex_);
  if (next_) {
    weights_ = Prepare(*next_);
    next_.reset();
  }
  return weights_;
}

void Encoder::EncodeWindows(const float* samples, int64_t length, const std::vector<double>& starts,
                            float* out, int64_t threads, const AbortFlag& abort) const {
  CheckStarts(starts);
  const OnDevice here(device_, tf32_);
  const std::shared_ptr<const Weights> weights = Current();
  c10::InferenceMode inference;
  std::vector<at::Tensor> windows;
  std::vector<const float*> clips;
  for (const double start : starts) {
    windows.push_back(WindowAt(samples, length, static_cast<int64_t>(start), ClipLength()));
    clips.push_back(windows.back().const_data_ptr<float>());
  }
  weights->inference->Run(clips.data(), static_cast<int64_t>(clips.size()), out, threads, abort);
}

at::Tensor Encoder::Encode(const at::Tensor& clips, const AbortFlag& abort) const {
  const at::Tensor rows = clips.contiguous();
  std::vector<double> starts;
  for (int64_t i = 0; i < rows.size(0); ++i) starts.push_back(static_cast<double>(i * ClipLength()));
  at::Tensor embeddings = at::empty({rows.size(0), EmbeddingSize()}, at::kFloat);
  EncodeWindows(rows.const_data_ptr<float>(), rows.numel(), starts, embeddings.mutable_data_ptr<float>(),
                at::get_num_threads(), abort);
  return embeddings;
}

NamedTensors Encoder::State() const { return Current()->model.State(); }

int64_t Encoder::Bytes() const {
  const auto weights = Current();
  return weights->model.Bytes() + weights->inference->Bytes();
}

}  // namespace clmr
