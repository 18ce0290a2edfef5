#pragma once
// What is told of a batch while training. Of embeddings: rows of length 1, computed block by block, so that
// no [N, N] is kept. Of scores: how well they agree with labels.
#include <ATen/core/Tensor.h>

#include <optional>

namespace clmr {

// The share of rows whose most similar other row is a view of the same example. u [B·V, D]
double NearestIsPositive(const at::Tensor& u, int64_t views);

// Alignment and uniformity (Wang & Isola, "Understanding contrastive representation learning
// through alignment and uniformity on the hypersphere", 2020): the mean squared distance
// of the views of an example, and the logarithm of the mean over pairs of rows of exp(−2·distance²).
// Lower is better, for both. u [B·V, E]
double Alignment(const at::Tensor& u, int64_t views);
double Uniformity(const at::Tensor& u);

// √E times the mean over dimensions of the standard deviation over rows: 1 where rows are spread evenly over
// the sphere, 0 where all are the same, which is called collapse. u [N, E]
double Spread(const at::Tensor& u);

// scores, labels [N, K]: the share of rows whose highest score is that of their class.
double Accuracy(const at::Tensor& scores, const at::Tensor& labels);

// Means over the classes of which the batch has both kinds of rows, as scikit-learn's roc_auc_score and
// average_precision_score; none where there is no such class.
struct RankingMetrics {
  double roc_auc, average_precision;
};
std::optional<RankingMetrics> MacroRanking(const at::Tensor& scores, const at::Tensor& labels);

}  // namespace clmr
