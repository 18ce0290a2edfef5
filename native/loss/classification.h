#pragma once
// Learning from labels: the loss of a classifier, and how well it does on a batch.
#include <ATen/core/Tensor.h>

#include <optional>

namespace clmr {

// logits [N, K], labels [N, K] of 0 and 1 → scalar, differentiable in the logits. Multi-label: binary
// cross-entropy, the mean over all values; otherwise cross-entropy with the class of each row.
at::Tensor ClassificationLoss(const at::Tensor& logits, const at::Tensor& labels, bool multilabel);

// The share of rows whose highest score is that of their class.
double Accuracy(const at::Tensor& scores, const at::Tensor& labels);

// Means over the classes of which the batch has both kinds of rows, as scikit-learn's roc_auc_score and
// average_precision_score; none where there is no such class.
struct RankingMetrics {
  double roc_auc, average_precision;
};
std::optional<RankingMetrics> MacroRanking(const at::Tensor& scores, const at::Tensor& labels);

}  // namespace clmr
