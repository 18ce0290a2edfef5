#include "train/trainer.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <string_view>

namespace clmr {
namespace {

ChainSpec SingleView(ChainSpec chain) {
  if (chain.clip_length != kClipLength)
    throw Error("ERR_CONFIG", "training needs views of " + std::to_string(kClipLength) + " samples, the augmenter makes " +
                                  std::to_string(chain.clip_length));
  if (chain.views < 2) throw Error("ERR_CONFIG", "contrastive training needs at least 2 views an example");
  chain.views = 1;
  return chain;
}

bool IsParameter(const std::string& name) {
  const auto ends_with = [&](std::string_view end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  return !ends_with("running_mean") && !ends_with("running_var") && !ends_with("num_batches_tracked");
}

void Append(NamedTensors& all, const char* prefix, NamedTensors part) {
  for (auto& [name, tensor] : part) all.emplace_back(prefix + name, std::move(tensor));
}

NamedTensors Under(const NamedTensors& all, std::string_view prefix) {
  NamedTensors part;
  for (const auto& [name, tensor] : all)
    if (name.rfind(prefix, 0) == 0) part.emplace_back(name.substr(prefix.size()), tensor);
  return part;
}

}  // namespace

Trainer::Trainer(TrainerSpec spec, const std::optional<NamedTensors>& encoder,
                 const std::optional<NamedTensors>& projector, std::shared_ptr<const CropSource> source)
    : spec_(std::move(spec)),
      row_chain_(SingleView(spec_.chain)),
      windows_(WindowsOf(spec_.chain)),
      source_(std::move(source)) {
  if (source_) order_.emplace(spec_.seed, source_->Tracks(), spec_.batch_size);
  Adopt(encoder ? SampleCnn::FromState(*encoder) : SampleCnn::Create(spec_.seed),
        projector ? Projector::FromState(*projector)
                  : Projector::Create(spec_.seed, spec_.projection_hidden, spec_.projection_out));
}

void Trainer::Adopt(SampleCnn encoder, Projector projector) {
  encoder.RequireGrad(true);
  projector.RequireGrad(true);
  encoder_ = std::move(encoder);
  projector_ = std::move(projector);
  optimizer_.emplace(spec_.optimizer, ParameterNames(), Parameters());
}

const BatchOrder& Trainer::Order() const {
  if (!order_) throw Error("ERR_CONFIG", "the trainer has no data set");
  return *order_;
}

std::vector<at::Tensor> Trainer::Parameters() const {
  std::vector<at::Tensor> parameters = encoder_.Parameters();
  for (at::Tensor& p : projector_.Parameters()) parameters.push_back(std::move(p));
  return parameters;
}

std::vector<std::string> Trainer::ParameterNames() const {
  NamedTensors all;
  Append(all, "encoder.", encoder_.State());
  Append(all, "projector.", projector_.State());
  std::vector<std::string> names;
  for (const auto& [name, tensor] : all)
    if (IsParameter(name)) names.push_back(name);
  return names;
}

TrainerState Trainer::State() {
  std::lock_guard one_at_a_time(step_mutex_);
  TrainerState state;
  Append(state.tensors, "encoder.", encoder_.State());
  Append(state.tensors, "projector.", projector_.State());
  Append(state.tensors, "optimizer.", optimizer_->State());
  state.step = step_;
  state.epoch = order_ ? step_ / order_->StepsPerEpoch() : 0;
  return state;
}

void Trainer::Restore(const TrainerState& state) {
  if (state.step < 0) throw Error("ERR_CHECKPOINT", "the state counts " + std::to_string(state.step) + " steps");
  std::lock_guard one_at_a_time(step_mutex_);
  SampleCnn encoder = SampleCnn::FromState(Under(state.tensors, "encoder."));
  Projector projector = Projector::FromState(Under(state.tensors, "projector."));
  if (projector.first.sizes() != projector_.first.sizes() || projector.second.sizes() != projector_.second.sizes())
    throw Error("ERR_CHECKPOINT", "the projector of the state has other sizes than the trainer's");
  Optimizer checked(spec_.optimizer, ParameterNames(), Parameters());
  checked.Restore(Under(state.tensors, "optimizer."));  // throws before anything has changed

  std::lock_guard weights(weights_mutex_);
  Adopt(std::move(encoder), std::move(projector));
  optimizer_->Restore(Under(state.tensors, "optimizer."));
  step_ = state.step;
  if (live_) live_->Update(encoder_);
}

std::shared_ptr<Encoder> Trainer::LiveEncoder() {
  std::lock_guard weights(weights_mutex_);
  if (!live_) live_ = std::make_shared<Encoder>(encoder_);
  return live_;
}

at::Tensor Trainer::Project(const at::Tensor& embeddings) {
  at::NoGradGuard no_gradients;
  std::lock_guard weights(weights_mutex_);
  return projector_.Forward(embeddings).contiguous();
}

int64_t Trainer::Bytes() const {
  int64_t bytes = encoder_.Bytes();
  for (const at::Tensor& p : Parameters()) bytes += 3 * static_cast<int64_t>(p.nbytes());  // gradient, two moments
  return bytes;
}

}  // namespace clmr
