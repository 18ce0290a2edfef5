#pragma once
// The oracle of training steps: the network, the objective and the optimizer of a trainer, all of it in
// float64, by the plain versions.
#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "objective/objectives.h"
#include "optim/optimizer.h"
#include "train/trainer_spec.h"

namespace clmr {

class Float64Training {
 public:
  // From the weights that a trainer of the same spec begins with, on `device`
  Float64Training(TrainerSpec spec, c10::Device device);

  struct Result {
    double loss, gradient_norm;
  };
  // views [B·V, T] and labels, undefined where there are none, of any device
  Result Step(const at::Tensor& views, const at::Tensor& labels, double learning_rate);

 private:
  NamedTensors Parameters() const;

  TrainerSpec spec_;
  c10::Device device_;
  SampleCnn encoder_;
  std::unique_ptr<Objective> objective_;
  std::optional<Optimizer> optimizer_;
  int64_t step_ = 0;
};

}  // namespace clmr
