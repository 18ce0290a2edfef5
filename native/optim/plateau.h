#pragma once
// The schedule of torch.optim.lr_scheduler.ReduceLROnPlateau: mode min, threshold 1e-4 relative,
// no cool-down, eps 1e-8.
#include <cstdint>
#include <limits>

namespace clmr {

class Plateau {
 public:
  Plateau(double learning_rate, double factor, int64_t patience)
      : learning_rate_(learning_rate), factor_(factor), patience_(patience) {}

  double LearningRate() const { return learning_rate_; }
  // The rate falls after more than `patience` losses in a row that were not better than (1 − 1e-4) · best.
  void Observe(double loss);

 private:
  double learning_rate_, factor_;
  int64_t patience_, bad_epochs_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace clmr
