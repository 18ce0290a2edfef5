#pragma once
// The head of the linear evaluation: embeddings [n, E] → logits [n, K], trained while
// the encoder stays as it is.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "error.h"
#include "fields.h"
#include "model/module.h"

namespace clmr {

// What is looked at after an epoch.
enum class Watched { loss, metric, last };

struct ProbeSpec {
  static constexpr const char* kName = "ProbeSpec";
  int64_t classes;
  int64_t hidden;  // 0: Linear(E → K); otherwise Linear(E → hidden) · ReLU · Linear(hidden → K)
  bool multilabel;
  double learning_rate, weight_decay;
  int64_t batch_size, max_epochs;
  double plateau_factor;
  int64_t plateau_patience, stop_patience;
  uint64_t seed;
  bool standardise;
  double dropout;   // of the hidden layer
  Watched monitor;  // reduces the learning rate and ends the training
  Watched keep;     // whose best epoch gives the weights

  static auto Fields() {
    return std::tuple(
        Field("classes", &ProbeSpec::classes), Field("hidden", &ProbeSpec::hidden),
        Field("multilabel", &ProbeSpec::multilabel), Field("lr", &ProbeSpec::learning_rate),
        Field("weightDecay", &ProbeSpec::weight_decay), Field("batchSize", &ProbeSpec::batch_size),
        Field("maxEpochs", &ProbeSpec::max_epochs), Field("plateauFactor", &ProbeSpec::plateau_factor),
        Field("plateauPatience", &ProbeSpec::plateau_patience),
        Field("stopPatience", &ProbeSpec::stop_patience), Field("seed", &ProbeSpec::seed),
        Field("standardise", &ProbeSpec::standardise), Field("dropout", &ProbeSpec::dropout),
        WordField("monitor", &ProbeSpec::monitor, {{"loss", Watched::loss}, {"metric", Watched::metric}}),
        WordField("keep", &ProbeSpec::keep,
                  {{"loss", Watched::loss}, {"metric", Watched::metric}, {"last", Watched::last}}));
  }
};

struct ProbeEpoch {
  static constexpr const char* kName = "ProbeEpoch";
  double train_loss, valid_loss, learning_rate;

  static auto Fields() {
    return std::tuple(Field("trainLoss", &ProbeEpoch::train_loss),
                      Field("validLoss", &ProbeEpoch::valid_loss), Field("lr", &ProbeEpoch::learning_rate));
  }
};

struct ProbeHistory {
  static constexpr const char* kName = "ProbeHistory";
  std::vector<ProbeEpoch> epochs;
  int64_t best_epoch = 0;

  static auto Fields() {
    return std::tuple(Field("epochs", &ProbeHistory::epochs), Field("bestEpoch", &ProbeHistory::best_epoch));
  }
};

class Probe : public ModuleOf<Probe> {
 public:
  // New weights as torch.nn.Linear draws them: U(±1/√fan_in), from (seed, Purpose::probe).
  static Probe Create(const ProbeSpec& spec, int64_t embedding_size);
  // `0.weight`, `0.bias` and, with a hidden layer, `2.weight`, `2.bias`. Throws ERR_CHECKPOINT.
  static Probe FromState(const ProbeSpec& spec, const NamedTensors& state);

  ModuleTensors Tensors() override;
  int64_t EmbeddingSize() const { return layers_.front().weight.size(1); }

  // x [n, E] → logits [n, K]; hidden values are multiplied by `kept` [n, hidden], where it is defined
  at::Tensor Logits(const at::Tensor& x, const at::Tensor& kept = {}) const;
  // x [n, E] → probabilities [n, K]: sigmoid for multi-label, softmax otherwise
  at::Tensor Predict(const at::Tensor& x) const;
  // Takes raw features from now on, where it took (x − mean) / deviation: both [E], in double.
  void FoldScaling(const at::Tensor& mean, const at::Tensor& deviation);
  // Mean loss of x [n, E], y [n, K], a scalar: binary cross-entropy over n·K entries,
  // or cross-entropy over n rows.
  at::Tensor Loss(const at::Tensor& x, const at::Tensor& y, const at::Tensor& kept = {}) const;

 private:
  // Sizes as `spec` has them, without values.
  static Probe Blank(const ProbeSpec& spec, int64_t embedding_size);

  struct Layer {
    at::Tensor weight, bias;  // [out, in], [out]
  };
  bool multilabel_ = false;
  std::vector<Layer> layers_;
};

struct FittedProbe {
  static constexpr const char* kName = "FittedProbe";
  std::shared_ptr<Probe> probe;
  ProbeHistory history;
  double score;  // of the weights: their validation loss, or 1 − metric where that is what is kept

  static auto Fields() {
    return std::tuple(Field("probe", &FittedProbe::probe), Field("history", &FittedProbe::history),
                      Field("score", &FittedProbe::score));
  }
};

// x [n, E], y [n, K] of 0 and 1. Adam on shuffled batches; the learning rate falls on a plateau of what is
// monitored; the weights of the best epoch or of the last are kept. The metric is accuracy, or macro-averaged
// ROC-AUC where an example may have several classes. With `standardise` it is trained on features of
// mean 0 and deviation 1 over train_x, and takes raw ones in the end. Looks at `abort` between batches.
FittedProbe FitProbe(const ProbeSpec& spec, const at::Tensor& train_x, const at::Tensor& train_y,
                     const at::Tensor& valid_x, const at::Tensor& valid_y, const AbortFlag& abort);

}  // namespace clmr
