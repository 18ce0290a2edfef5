// Training of the probe: the loop, Adam, the plateau scheduler and early stopping.
#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "evaluate/probe.h"
#include "random/philox.h"

namespace clmr {
namespace {

// Adam (Kingma & Ba, ICLR 2015) with L2 regularisation inside the gradient, as torch.optim.Adam: betas 0.9
// and 0.999, eps 1e-8 outside the corrected root.
class Adam {
 public:
  Adam(std::vector<at::Tensor> parameters, double weight_decay)
      : parameters_(std::move(parameters)), weight_decay_(weight_decay) {
    for (const at::Tensor& parameter : parameters_) {
      mean_.push_back(at::zeros_like(parameter));
      square_.push_back(at::zeros_like(parameter));
    }
  }

  void Step(const std::vector<at::Tensor>& gradient, double learning_rate) {
    ++step_;
    const double correction1 = 1 - std::pow(kBeta1, step_), correction2 = 1 - std::pow(kBeta2, step_);
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const at::Tensor g = gradient[i].add(parameters_[i], weight_decay_);
      mean_[i].lerp_(g, 1 - kBeta1);
      square_[i].mul_(kBeta2).addcmul_(g, g, 1 - kBeta2);
      const at::Tensor root = square_[i].sqrt().div_(std::sqrt(correction2)).add_(1e-8);
      parameters_[i].addcdiv_(mean_[i], root, -learning_rate / correction1);
    }
  }

 private:
  static constexpr double kBeta1 = 0.9, kBeta2 = 0.999;
  std::vector<at::Tensor> parameters_, mean_, square_;
  double weight_decay_;
  int64_t step_ = 0;
};

// torch.optim.lr_scheduler.ReduceLROnPlateau, mode min, threshold 1e-4 relative, no cool-down, eps 1e-8: the
// rate falls after more than `patience` epochs in a row that were not better than (1 − 1e-4)·best.
class Plateau {
 public:
  Plateau(double learning_rate, double factor, int64_t patience)
      : learning_rate_(learning_rate), factor_(factor), patience_(patience) {}

  double LearningRate() const { return learning_rate_; }

  void Observe(double loss) {
    if (loss < best_ * (1 - 1e-4)) {
      best_ = loss;
      bad_epochs_ = 0;
    } else if (++bad_epochs_ > patience_) {
      const double lower = learning_rate_ * factor_;
      if (learning_rate_ - lower > 1e-8) learning_rate_ = lower;
      bad_epochs_ = 0;
    }
  }

 private:
  double learning_rate_, factor_;
  int64_t patience_, bad_epochs_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
};

// The order of an epoch's examples: a Fisher–Yates shuffle drawn from (seed, probe, epoch).
at::Tensor EpochOrder(const ProbeSpec& spec, int64_t epoch, int64_t n) {
  random::Stream stream(spec.seed, random::Purpose::probe, static_cast<uint32_t>(epoch), 1, 0);
  at::Tensor order = at::arange(n, at::kLong);
  int64_t* index = order.data_ptr<int64_t>();
  for (int64_t i = n - 1; i > 0; --i) std::swap(index[i], index[stream.Integer(0, i)]);
  return order;
}

double TrainEpoch(const ProbeSpec& spec, const Probe& probe, Adam& adam, double learning_rate,
                  const at::Tensor& order, const at::Tensor& x, const at::Tensor& y, const AbortFlag& abort) {
  const int64_t n = order.size(0);
  double total = 0;
  std::vector<at::Tensor> gradient;
  for (int64_t from = 0; from < n; from += spec.batch_size) {
    throw_if_aborted(abort);
    const at::Tensor rows = order.slice(0, from, std::min(from + spec.batch_size, n));
    const double loss = probe.LossAndGradient(x.index_select(0, rows), y.index_select(0, rows), &gradient);
    if (!std::isfinite(loss)) throw Error("ERR_NON_FINITE", "the training loss of the probe is not finite");
    adam.Step(gradient, learning_rate);
    total += loss * static_cast<double>(rows.size(0));
  }
  return total / static_cast<double>(n);
}

double ValidationLoss(const Probe& probe, const at::Tensor& x, const at::Tensor& y, const AbortFlag& abort) {
  constexpr int64_t kChunk = 8192;
  double total = 0;
  for (int64_t from = 0; from < x.size(0); from += kChunk) {
    throw_if_aborted(abort);
    const int64_t to = std::min(from + kChunk, x.size(0));
    total += probe.Loss(x.slice(0, from, to), y.slice(0, from, to)) * static_cast<double>(to - from);
  }
  const double loss = total / static_cast<double>(x.size(0));
  if (!std::isfinite(loss)) throw Error("ERR_NON_FINITE", "the validation loss of the probe is not finite");
  return loss;
}

void CheckExamples(const ProbeSpec& spec, const at::Tensor& x, const at::Tensor& y, int64_t embedding_size,
                   const std::string& name) {
  if (x.size(0) == 0) throw Error("ERR_DATASET", "there are no " + name + " examples");
  if (x.size(1) != embedding_size)
    throw Error("ERR_SHAPE", "the " + name + " embeddings have another size than the training ones");
  if (y.size(0) != x.size(0) || y.size(1) != spec.classes)
    throw Error("ERR_SHAPE", "the " + name + " labels do not fit the embeddings");
  if (!at::isfinite(x).all().item<bool>())
    throw Error("ERR_NON_FINITE", "the " + name + " embeddings hold NaN or infinity");
  if (!y.eq(0).logical_or(y.eq(1)).all().item<bool>())
    throw Error("ERR_DATASET", "the " + name + " labels are not all 0 or 1");
  if (!spec.multilabel && !y.sum(1).eq(1).all().item<bool>())
    throw Error("ERR_DATASET", "a " + name + " example does not have exactly one class");
}

void CheckSpec(const ProbeSpec& spec) {
  const bool sound = spec.classes > 0 && spec.hidden >= 0 && spec.learning_rate > 0 &&
                     spec.weight_decay >= 0 && spec.batch_size > 0 && spec.max_epochs > 0 &&
                     spec.plateau_factor > 0 && spec.plateau_factor < 1 && spec.plateau_patience >= 0 &&
                     spec.stop_patience > 0;
  if (!sound) throw Error("ERR_ARGUMENT", "the probe's settings are out of range");
}

}  // namespace

FittedProbe FitProbe(const ProbeSpec& spec, const at::Tensor& train_x, const at::Tensor& train_y,
                     const at::Tensor& valid_x, const at::Tensor& valid_y, const AbortFlag& abort) {
  CheckSpec(spec);
  const int64_t embedding_size = train_x.size(1);
  CheckExamples(spec, train_x, train_y, embedding_size, "training");
  CheckExamples(spec, valid_x, valid_y, embedding_size, "validation");
  const Probe probe = Probe::Create(spec, embedding_size);
  Adam adam(probe.Parameters(), spec.weight_decay);
  Plateau plateau(spec.learning_rate, spec.plateau_factor, spec.plateau_patience);
  ProbeHistory history;
  NamedTensors best;
  double best_loss = std::numeric_limits<double>::infinity();
  // as Lightning's EarlyStopping with min_delta 0: over after `stop_patience` epochs in a row without a new
  // best
  for (int64_t epoch = 0, waited = 0; epoch < spec.max_epochs && waited < spec.stop_patience; ++epoch) {
    const double learning_rate = plateau.LearningRate();
    const at::Tensor order = EpochOrder(spec, epoch, train_x.size(0));
    const double train_loss = TrainEpoch(spec, probe, adam, learning_rate, order, train_x, train_y, abort);
    const double valid_loss = ValidationLoss(probe, valid_x, valid_y, abort);
    history.epochs.push_back({train_loss, valid_loss, learning_rate});
    plateau.Observe(valid_loss);
    ++waited;
    if (valid_loss < best_loss) {
      best_loss = valid_loss;
      best = probe.State();
      history.best_epoch = epoch;
      waited = 0;
    }
  }
  return {std::make_shared<Probe>(Probe::FromState(spec, best)), std::move(history)};
}

}  // namespace clmr
