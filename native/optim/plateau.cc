#include "optim/plateau.h"

namespace clmr {

void Plateau::Observe(double loss) {
  if (loss < best_ * (1 - 1e-4)) {
    best_ = loss;
    bad_epochs_ = 0;
  } else if (++bad_epochs_ > patience_) {
    const double lower = learning_rate_ * factor_;
    if (learning_rate_ - lower > 1e-8) learning_rate_ = lower;
    bad_epochs_ = 0;
  }
}

}  // namespace clmr
