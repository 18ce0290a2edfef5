#include "float64_training.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "optim/gradients.h"
#include "train/encode_views.h"

namespace clmr {
namespace {

const AbortFlag kNever{false};

void Widen(const ModuleTensors& tensors, c10::Device device) {
  for (const ModuleTensor& one : tensors)
    *one.tensor = one.tensor->detach().to(device, at::kDouble).requires_grad_(one.role == Role::learned);
}

}  // namespace

Float64Training::Float64Training(TrainerSpec spec, c10::Device device)
    : spec_(std::move(spec)),
      device_(device),
      encoder_(SampleCnn::Create(spec_.seed, spec_.architecture)),
      objective_(MakeObjective(spec_.objective,
                               {encoder_, nullptr, spec_.projection, spec_.seed, spec_.chain.views})) {
  Widen(encoder_.Tensors(), device);
  Widen(objective_->Tensors(), device);
  optimizer_.emplace(spec_.optimizer, Parameters());
}

NamedTensors Float64Training::Parameters() const {
  NamedTensors all;
  Append(all, "encoder.", encoder_.Parameters());
  Append(all, "", objective_->Parameters());
  return all;
}

Float64Training::Result Float64Training::Step(const at::Tensor& views, const at::Tensor& labels,
                                              double learning_rate) {
  at::AutoGradMode with_gradients(true);
  const Gradients gradients(Parameters());
  const at::Tensor wide = views.to(device_, at::kDouble);
  const int64_t n_views = spec_.chain.views;
  ObjectiveInput input;
  input.embeddings = EncodeViews(spec_, encoder_, wide, objective_->OnlineViews(n_views), true, kNever);
  if (const SampleCnn* target = objective_->TargetEncoder()) {
    at::NoGradGuard no_gradients;
    input.targets = EncodeViews(spec_, *target, wide, objective_->TargetViews(n_views), true, kNever);
  }
  if (labels.defined()) input.labels = labels.to(device_, at::kDouble);
  input.views = n_views;
  input.step = static_cast<uint32_t>(step_);
  input.abort = &kNever;
  const at::Tensor loss = objective_->Loss(input).loss;
  loss.backward();
  const Result result{loss.item<double>(), gradients.Norm()};
  optimizer_->Update(gradients.All(), learning_rate);
  objective_->AfterUpdate(encoder_, ++step_);
  return result;
}

}  // namespace clmr
