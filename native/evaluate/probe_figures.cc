#include "evaluate/probe_figures.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

namespace clmr {
namespace {

// A class's tracks in falling order of their scores, which is that of every resample.
struct Ranking {
  at::Tensor order;     // [n] tracks
  at::Tensor positive;  // [n] 0 or 1, in that order
  at::Tensor ends;      // the last place of each run of equal scores

  Ranking(const at::Tensor& scores, const at::Tensor& labels) {
    const auto [sorted, by_score] = scores.sort(/*dim=*/0, /*descending=*/true);
    order = by_score;
    positive = labels.index_select(0, order);
    const at::Tensor last = at::ones({1}, at::kBool);
    ends = at::cat({at::diff(sorted).ne(0), last}).nonzero().squeeze(1);
  }
};

// [r, g] running sums → what each adds
at::Tensor Steps(const at::Tensor& sums) {
  return at::diff(sums, 1, 1, /*prepend=*/at::zeros({sums.size(0), 1}, at::kDouble));
}

// counts [r, n] → ROC-AUC and average precision [r, 2]; NaN without a positive or a negative track
at::Tensor RankedFigures(const Ranking& ranking, const at::Tensor& counts) {
  const at::Tensor weight = counts.index_select(1, ranking.order);
  const auto running = [&](const at::Tensor& x) { return x.cumsum(1).index_select(1, ranking.ends); };
  const at::Tensor above = running(weight), hits = running(weight * ranking.positive);
  const at::Tensor misses = above - hits, new_hits = Steps(hits);
  const auto total = [](const at::Tensor& sums) { return sums.select(1, sums.size(1) - 1); };
  const at::Tensor positives = total(hits), negatives = total(misses);
  const at::Tensor area = (Steps(misses) * (hits - new_hits / 2)).sum(1) / (positives * negatives);
  const at::Tensor precision = (new_hits * hits / above.clamp_min(1)).sum(1) / positives;
  return at::stack({area, precision.masked_fill(negatives.eq(0), NAN)}, 1);
}

// [r, 2 + 2K]: both figures over the classes, then of each class
Statistic Ranked(const at::Tensor& scores, const at::Tensor& labels) {
  std::vector<Ranking> rankings;
  for (int64_t k = 0; k < scores.size(1); ++k)
    rankings.emplace_back(scores.select(1, k), labels.select(1, k));
  return [rankings = std::move(rankings)](const at::Tensor& counts) {
    std::vector<at::Tensor> figures;
    for (const Ranking& ranking : rankings) figures.push_back(RankedFigures(ranking, counts));
    const at::Tensor classes = at::stack(figures, 1);  // [r, K, 2]
    return at::cat({at::nanmean(classes, 1), classes.flatten(1)}, 1);
  };
}

// [n, K] of 0 and 1
at::Tensor Decisions(const ProbeFiguresSpec& spec, const at::Tensor& scores) {
  if (spec.multilabel) return scores.ge(0.5).to(at::kDouble);
  return at::zeros_like(scores).scatter_(1, scores.argmax(1, /*keepdim=*/true), 1);
}

// [r, 1 + K]: the mean of the classes, and each. NaN of a class that neither is there nor was said, which
// counts 0 where a track may have several classes and not at all elsewhere, as in scikit-learn.
Statistic F1(const ProbeFiguresSpec& spec, const at::Tensor& decisions, const at::Tensor& labels) {
  return [=, multilabel = spec.multilabel, both = decisions * labels,
          either = decisions + labels](const at::Tensor& counts) {
    const at::Tensor f1 = 2 * at::mm(counts, both) / at::mm(counts, either);
    const at::Tensor counted = multilabel ? at::nan_to_num(f1, 0) : f1;
    return at::cat({at::nanmean(counted, 1, /*keepdim=*/true), f1}, 1);
  };
}

// [r, 1 + K]: the share of tracks with every class right; of each class its recall, or right decisions
Statistic Accuracy(const ProbeFiguresSpec& spec, const at::Tensor& decisions, const at::Tensor& labels) {
  const at::Tensor right = decisions.eq(labels).to(at::kDouble);
  const at::Tensor all = right.prod(1, /*keepdim=*/true), one = at::ones_like(all);
  if (spec.multilabel) return RatioOfSums(at::cat({all, right}, 1), at::ones_like(at::cat({all, right}, 1)));
  return RatioOfSums(at::cat({all, decisions * labels}, 1), at::cat({one, labels}, 1));
}

void Check(const ProbeFiguresSpec& spec, const at::Tensor& scores, const at::Tensor& labels) {
  if (scores.size(0) == 0) throw Error("ERR_ARGUMENT", "there are no tracks");
  if (scores.sizes() != labels.sizes() || scores.size(1) != spec.classes)
    throw Error("ERR_SHAPE", "scores and labels do not fit");
  if (!at::isfinite(scores).all().item<bool>())
    throw Error("ERR_NON_FINITE", "the scores hold NaN or infinity");
}

// All figures as columns, in the order that FiguresFrom reads.
Statistic AllOf(const ProbeFiguresSpec& spec, const at::Tensor& scores, const at::Tensor& labels) {
  Check(spec, scores, labels);
  const at::Tensor x = scores.to(at::kDouble), y = labels.to(at::kDouble);
  const at::Tensor decisions = Decisions(spec, scores).to(at::kDouble);
  return Together({Ranked(x, y), Accuracy(spec, decisions, y), F1(spec, decisions, y)});
}

ProbeFigures FiguresFrom(const ProbeFiguresSpec& spec, const std::vector<Interval>& of) {
  const int64_t accuracy = 2 + 2 * spec.classes, f1 = accuracy + 1 + spec.classes;
  // column 0 of each statistic is that of all
  const auto column = [&](int64_t k) {
    return ClassFigures{of[2 * k], of[2 * k + 1], of[accuracy + k], of[f1 + k]};
  };
  ProbeFigures figures{column(0), {}};
  for (int64_t k = 1; k <= spec.classes; ++k) figures.classes.push_back(column(k));
  return figures;
}

}  // namespace

ProbeFigures EvaluateProbabilities(const ProbeFiguresSpec& spec, const at::Tensor& scores,
                                   const at::Tensor& labels, const AbortFlag& abort) {
  const Statistic statistic = AllOf(spec, scores, labels);
  return FiguresFrom(spec, Bootstrap(spec.bootstrap, labels.size(0), statistic, abort));
}

ProbeFigures CompareProbabilities(const ProbeFiguresSpec& spec, const at::Tensor& first,
                                  const at::Tensor& second, const at::Tensor& labels,
                                  const AbortFlag& abort) {
  const Statistic statistic = Difference(AllOf(spec, first, labels), AllOf(spec, second, labels));
  return FiguresFrom(spec, Bootstrap(spec.bootstrap, labels.size(0), statistic, abort));
}

}  // namespace clmr
