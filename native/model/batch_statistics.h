#pragma once
// Batch norms that know the data, without any training.
#include "model/sample_cnn.h"

namespace clmr {

// Gives every batch norm of `model` the mean and the variance that it sees in training mode, averaged over
// batches of nearly equal size of the clips [n, T]. n ≥ 2.
void MeasureBatchStatistics(SampleCnn& model, const at::Tensor& clips, const AbortFlag& abort);

}  // namespace clmr
