#include "train/trainer.h"

#include <ATen/core/grad_mode.h>

#include "device/device.h"
#include "kernels/sample_cnn/inference/inference.h"
#include "model/named_tensors.h"

namespace clmr {
namespace {

const ChainSpec& CheckClipLength(const TrainerSpec& spec) {
  const int64_t needed = spec.architecture.clip_length;
  if (spec.chain.clip_length != needed)
    throw Error("ERR_CONFIG", "training needs views of " + std::to_string(needed) +
                                  " samples, the augmenter makes " + std::to_string(spec.chain.clip_length));
  return spec.chain;
}

}  // namespace

Trainer::Trainer(TrainerSpec spec, const std::optional<NamedTensors>& encoder,
                 const std::optional<NamedTensors>& projector, std::shared_ptr<const CropSource> source,
                 at::Tensor labels, std::optional<uint64_t> crop_seed)
    : spec_(std::move(spec)),
      device_(ResolveDevice(spec_.device)),
      chain_(CheckClipLength(spec_), crop_seed),
      feed_(device_),
      source_(std::move(source)),
      labels_(std::move(labels)) {
  if (source_) order_.emplace(spec_.seed, source_->Tracks(), spec_.batch_size * spec_.accumulate);
  SampleCnn model = encoder ? SampleCnn::FromState(*encoder, spec_.architecture)
                            : SampleCnn::Create(spec_.seed, spec_.architecture);
  const ObjectiveStart start{model, projector ? &*projector : nullptr, spec_.projection, spec_.seed,
                             spec_.chain.views};
  std::unique_ptr<Objective> objective = MakeObjective(spec_.objective, start);
  spec_.precision = ChoiceOf(ResolvePrecision(spec_.precision, model, device_, Workload::training));
  Adopt(std::move(model), std::move(objective));
}

void Trainer::Adopt(SampleCnn encoder, std::unique_ptr<Objective> objective) {
  const OnDevice here(device_, spec_.tf32);
  encoder.To(device_);
  objective->To(device_);
  encoder.RequireGrad(!spec_.freeze);
  const bool fused =
      spec_.fused && kernels::FusedInferenceServes(encoder.blocks, encoder.ClipLength(), device_);
  frozen_ = spec_.freeze && fused
                ? std::make_unique<const Encoder>(encoder, device_, Settled(spec_.precision))
                : nullptr;
  encoder_ = std::move(encoder);
  objective_ = std::move(objective);
  optimizer_.emplace(spec_.optimizer, ParameterGroups());
}

const BatchOrder& Trainer::Order() const {
  if (!order_) throw Error("ERR_CONFIG", "the trainer has no data set");
  return *order_;
}

std::vector<NamedTensors> Trainer::ParameterGroups() const {
  NamedTensors encoder;
  if (!spec_.freeze) Append(encoder, "encoder.", encoder_.Parameters());
  return {encoder, objective_->Parameters()};
}

NamedTensors Trainer::Parameters() const {
  NamedTensors all;
  for (const NamedTensors& group : ParameterGroups()) Append(all, "", group);
  return all;
}

TrainerState Trainer::State() {
  std::lock_guard one_at_a_time(step_mutex_);
  TrainerState state;
  Append(state.tensors, "encoder.", encoder_.State());
  Append(state.tensors, "", objective_->State());
  Append(state.tensors, "optimizer.", optimizer_->State());
  state.step = step_;
  state.epoch = order_ ? step_ / order_->StepsPerEpoch() : 0;
  return state;
}

void Trainer::Restore(const TrainerState& state) {
  if (state.step < 0)
    throw Error("ERR_CHECKPOINT", "the state counts " + std::to_string(state.step) + " steps");
  std::lock_guard one_at_a_time(step_mutex_);
  SampleCnn encoder = SampleCnn::FromState(Under(state.tensors, "encoder."), spec_.architecture);
  std::unique_ptr<Objective> objective = objective_->WithState(state.tensors);
  Optimizer checked(spec_.optimizer, ParameterGroups());
  checked.Restore(Under(state.tensors, "optimizer."));  // throws before anything has changed

  std::lock_guard weights(weights_mutex_);
  Adopt(std::move(encoder), std::move(objective));
  optimizer_->Restore(Under(state.tensors, "optimizer."));
  step_ = state.step;
  if (live_) live_->Update(encoder_);
}

std::shared_ptr<Encoder> Trainer::LiveEncoder() {
  std::lock_guard weights(weights_mutex_);
  if (!live_) live_ = std::make_shared<Encoder>(encoder_, device_, Precision::float32, spec_.tf32);
  return live_;
}

at::Tensor Trainer::Project(const at::Tensor& embeddings) {
  at::NoGradGuard no_gradients;
  std::lock_guard weights(weights_mutex_);
  return objective_->Project(embeddings.to(device_)).to(at::kCPU).contiguous();
}

int64_t Trainer::Bytes() const {
  int64_t bytes = encoder_.Bytes() + objective_->Bytes() + (frozen_ ? frozen_->Bytes() : 0);
  for (const auto& [name, p] : Parameters())
    bytes += 3 * static_cast<int64_t>(p.nbytes());  // gradient, two moments
  return bytes;
}

}  // namespace clmr
