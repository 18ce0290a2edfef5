#pragma once
// The figures of a linear evaluation with their doubt.
#include <ATen/core/Tensor.h>

#include <vector>

#include "error.h"
#include "evaluate/bootstrap.h"
#include "fields.h"

namespace clmr {

struct ProbeFiguresSpec {
  static constexpr const char* kName = "ProbeFiguresSpec";
  int64_t classes;
  bool multilabel;
  BootstrapSpec bootstrap;

  static auto Fields() {
    return std::tuple(Field("classes", &ProbeFiguresSpec::classes),
                      Field("multilabel", &ProbeFiguresSpec::multilabel),
                      Field("bootstrap", &ProbeFiguresSpec::bootstrap));
  }
};

// Of one class, or of all of them.
struct ClassFigures {
  static constexpr const char* kName = "ClassFigures";
  Interval roc_auc, pr_auc, accuracy, f1;

  static auto Fields() {
    return std::tuple(Field("rocAuc", &ClassFigures::roc_auc), Field("prAuc", &ClassFigures::pr_auc),
                      Field("accuracy", &ClassFigures::accuracy), Field("f1", &ClassFigures::f1));
  }
};

struct ProbeFigures {
  static constexpr const char* kName = "ProbeFigures";
  ClassFigures all;
  std::vector<ClassFigures> classes;

  static auto Fields() {
    return std::tuple(Field("all", &ProbeFigures::all), Field("classes", &ProbeFigures::classes));
  }
};

// scores, labels [n, K], labels of 0 and 1. ROC-AUC, average precision: as scikit-learn's, ties included, NaN
// where a class has no positive or negative track; F1 at 0.5, or of the class of largest score. Of all: means
// over the classes, the ranked ones over those that have them; accuracy counts tracks with every class right.
ProbeFigures EvaluateProbabilities(const ProbeFiguresSpec& spec, const at::Tensor& scores,
                                   const at::Tensor& labels, const AbortFlag& abort);

// first, second [n, K]: scores of the same tracks → first − second of every figure, on the same resamples.
ProbeFigures CompareProbabilities(const ProbeFiguresSpec& spec, const at::Tensor& first,
                                  const at::Tensor& second, const at::Tensor& labels, const AbortFlag& abort);

}  // namespace clmr
