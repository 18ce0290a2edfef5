#include "loss/classification.h"

#include <ATen/ATen.h>

namespace clmr {

at::Tensor ClassificationLoss(const at::Tensor& logits, const at::Tensor& labels, bool multilabel) {
  if (multilabel) return at::binary_cross_entropy_with_logits(logits, labels);
  return at::cross_entropy_loss(logits, labels.argmax(1));
}

double Accuracy(const at::Tensor& scores, const at::Tensor& labels) {
  return scores.argmax(1).eq(labels.argmax(1)).to(at::kDouble).mean().item<double>();
}

std::optional<RankingMetrics> MacroRanking(const at::Tensor& scores, const at::Tensor& labels) {
  RankingMetrics sums{0, 0};
  int64_t classes = 0;
  for (int64_t k = 0; k < scores.size(1); ++k) {
    const at::Tensor s = scores.select(1, k).to(at::kDouble), y = labels.select(1, k).to(at::kDouble);
    const at::Tensor positives = s.masked_select(y > 0.5), negatives = s.masked_select(y <= 0.5);
    const auto p = static_cast<double>(positives.size(0)), n = static_cast<double>(negatives.size(0));
    if (p == 0 || n == 0) continue;
    ++classes;
    // the share of pairs in the right order; a tie is half of one
    const at::Tensor above = positives.unsqueeze(1) - negatives.unsqueeze(0);
    sums.roc_auc += (above.sign() + 1).mean().item<double>() / 2;
    // the mean over positives of the precision among all rows that score at least as high
    const at::Tensor hits = positives.unsqueeze(0).ge(positives.unsqueeze(1)).sum(1).to(at::kDouble);
    const at::Tensor taken = s.unsqueeze(0).ge(positives.unsqueeze(1)).sum(1).to(at::kDouble);
    sums.average_precision += (hits / taken).mean().item<double>();
  }
  if (classes == 0) return std::nullopt;
  const auto count = static_cast<double>(classes);
  return RankingMetrics{sums.roc_auc / count, sums.average_precision / count};
}

}  // namespace clmr
