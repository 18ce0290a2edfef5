// Training of the probe: Adam, a learning rate that falls on plateaus, early stopping.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluate/probe.h"
#include "objective/metrics.h"
#include "optim/gradients.h"
#include "optim/optimizer.h"
#include "optim/plateau.h"
#include "random/philox.h"
#include "random/tensors.h"

namespace clmr {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The order of an epoch's examples, drawn from (seed, probe, epoch).
at::Tensor EpochOrder(const ProbeSpec& spec, int64_t epoch, int64_t n) {
  random::Stream stream(spec.seed, random::Purpose::probe, static_cast<uint32_t>(epoch), 1, 0);
  return at::tensor(stream.Permutation(n));
}

// [n, hidden]: 0 where a value is dropped, the others grow to make up for it; undefined without dropout.
// `first` is the place of the batch in its epoch.
at::Tensor Kept(const ProbeSpec& spec, int64_t epoch, int64_t first, int64_t n) {
  if (spec.dropout == 0 || spec.hidden == 0) return {};
  const at::Tensor drawn = random::UniformRows(n, spec.hidden, spec.seed, random::Purpose::dropout,
                                               static_cast<uint32_t>(epoch), first);
  return (drawn.ge(spec.dropout).to(at::kDouble) / (1 - spec.dropout)).to(at::kFloat);
}

double TrainEpoch(const ProbeSpec& spec, const Probe& probe, Optimizer& optimizer, double learning_rate,
                  int64_t epoch, const at::Tensor& x, const at::Tensor& y, const AbortFlag& abort) {
  const at::Tensor order = EpochOrder(spec, epoch, x.size(0));
  at::AutoGradMode with_gradients(true);
  const int64_t n = order.size(0);
  const NamedTensors parameters = probe.Parameters();
  double total = 0;
  for (int64_t from = 0; from < n; from += spec.batch_size) {
    throw_if_aborted(abort);
    const at::Tensor rows = order.slice(0, from, std::min(from + spec.batch_size, n));
    const Gradients gradients(parameters);
    const at::Tensor kept = Kept(spec, epoch, from, rows.size(0));
    const at::Tensor loss = probe.Loss(x.index_select(0, rows), y.index_select(0, rows), kept);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) throw Error("ERR_NON_FINITE", "the training loss of the probe is not finite");
    loss.backward();
    optimizer.Update(gradients.All(), learning_rate);
    total += value * static_cast<double>(rows.size(0));
  }
  return total / static_cast<double>(n);
}

double ValidationLoss(const Probe& probe, const at::Tensor& x, const at::Tensor& y, const AbortFlag& abort) {
  constexpr int64_t kChunk = 8192;
  at::NoGradGuard no_gradients;
  double total = 0;
  for (int64_t from = 0; from < x.size(0); from += kChunk) {
    throw_if_aborted(abort);
    const int64_t to = std::min(from + kChunk, x.size(0));
    const at::Tensor loss = probe.Loss(x.slice(0, from, to), y.slice(0, from, to));
    total += loss.item<double>() * static_cast<double>(to - from);
  }
  const double loss = total / static_cast<double>(x.size(0));
  if (!std::isfinite(loss)) throw Error("ERR_NON_FINITE", "the validation loss of the probe is not finite");
  return loss;
}

// 1 − accuracy, or 1 − macro ROC-AUC; 1 where no class has both kinds of examples.
double MetricError(const ProbeSpec& spec, const Probe& probe, const at::Tensor& x, const at::Tensor& y) {
  at::NoGradGuard no_gradients;
  const at::Tensor logits = probe.Logits(x);
  if (!spec.multilabel) return logits.argmax(1).ne(y.argmax(1)).to(at::kDouble).mean().item<double>();
  const auto ranking = MacroRanking(logits, y);
  return ranking ? 1 - ranking->roc_auc : 1;
}

// Rows that are in double at a time.
constexpr int64_t kScalingChunk = 4096;

// Mean and deviation of every column, in double; the deviation of a constant column counts as 1.
struct Scaling {
  at::Tensor mean, deviation;  // [E]

  explicit Scaling(const at::Tensor& x) {
    mean = x.mean(0, /*keepdim=*/false, at::kDouble);
    at::Tensor squares = at::zeros_like(mean);
    for (const at::Tensor& rows : x.split(kScalingChunk))
      squares += (rows.to(at::kDouble) - mean).square_().sum(0);
    deviation = (squares / x.size(0)).sqrt_();
    deviation.masked_fill_(deviation.eq(0), 1);
  }

  at::Tensor Of(const at::Tensor& x) const {
    std::vector<at::Tensor> scaled;
    for (const at::Tensor& rows : x.split(kScalingChunk))
      scaled.push_back((rows.to(at::kDouble) - mean).div_(deviation).to(at::kFloat));
    return at::cat(scaled);
  }
};

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
                     spec.stop_patience > 0 && spec.dropout >= 0 && spec.dropout < 1;
  if (!sound) throw Error("ERR_ARGUMENT", "the probe's settings are out of range");
}

// As FitProbe, on features as they are.
FittedProbe Fit(const ProbeSpec& spec, const at::Tensor& train_x, const at::Tensor& train_y,
                const at::Tensor& valid_x, const at::Tensor& valid_y, const AbortFlag& abort) {
  Probe probe = Probe::Create(spec, train_x.size(1));
  probe.RequireGrad(true);
  AdamSpec adam;
  adam.weight_decay = spec.weight_decay;  // L2 in the gradient, as torch.optim.Adam
  Optimizer optimizer(adam, probe.Parameters());
  Plateau plateau(spec.learning_rate, spec.plateau_factor, spec.plateau_patience);
  FittedProbe fitted{std::make_shared<Probe>(), {}, kInfinity};
  double lowest = kInfinity;
  // as Lightning's EarlyStopping with min_delta 0: over after `stop_patience` epochs
  // in a row without a new best
  for (int64_t epoch = 0, waited = 0; epoch < spec.max_epochs && waited < spec.stop_patience; ++epoch) {
    const double learning_rate = plateau.LearningRate();
    const double train_loss =
        TrainEpoch(spec, probe, optimizer, learning_rate, epoch, train_x, train_y, abort);
    const double valid_loss = ValidationLoss(probe, valid_x, valid_y, abort);
    fitted.history.epochs.push_back({train_loss, valid_loss, learning_rate});
    const bool by_metric = spec.monitor == Watched::metric || spec.keep == Watched::metric;
    const double error = by_metric ? MetricError(spec, probe, valid_x, valid_y) : 0;
    const double watched = spec.monitor == Watched::metric ? error : valid_loss;
    plateau.Observe(watched);
    waited = watched < lowest ? 0 : waited + 1;
    lowest = std::min(lowest, watched);
    const double score = spec.keep == Watched::metric ? error : valid_loss;
    if (spec.keep != Watched::last && score >= fitted.score) continue;
    fitted.score = score;
    *fitted.probe = probe.Clone();
    fitted.history.best_epoch = epoch;
  }
  return fitted;
}

}  // namespace

FittedProbe FitProbe(const ProbeSpec& spec, const at::Tensor& train_x, const at::Tensor& train_y,
                     const at::Tensor& valid_x, const at::Tensor& valid_y, const AbortFlag& abort) {
  CheckSpec(spec);
  CheckExamples(spec, train_x, train_y, train_x.size(1), "training");
  CheckExamples(spec, valid_x, valid_y, train_x.size(1), "validation");
  if (!spec.standardise) return Fit(spec, train_x, train_y, valid_x, valid_y, abort);
  const Scaling scaling(train_x);
  FittedProbe fitted = Fit(spec, scaling.Of(train_x), train_y, scaling.Of(valid_x), valid_y, abort);
  at::NoGradGuard no_gradients;
  fitted.probe->FoldScaling(scaling.mean, scaling.deviation);
  return fitted;
}

}  // namespace clmr
