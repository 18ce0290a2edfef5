#pragma once
// Batch norms that know the data, without any training.
#include "model/sample_cnn.h"

namespace clmr {

// Gives every batch norm of `model` the mean and the variance that it sees in training mode, averaged over batches of
// the clips [n, T]; the last, smaller batch counts as the others. n ≥ 1.
void MeasureBatchStatistics(SampleCnn& model, const at::Tensor& clips, const AbortFlag& abort);

}  // namespace clmr
