#include "augment/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "augment/transform.h"

namespace clmr::augment {
namespace {

// One transform on some rows. Its numbers lie in the block from `first` on, column by column, behind the rows.
struct Operation {
  const TransformType* type;
  std::vector<int64_t> rows;
  std::vector<std::vector<double>> columns;
};

void Add(Operation& operation, int64_t row, const std::vector<double>& numbers) {
  operation.rows.push_back(row);
  operation.columns.resize(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) operation.columns[i].push_back(numbers[i]);
}

// In the order of the chain. Rows with parameters written by hand may differ in what they have at a place.
std::vector<Operation> Plan(const std::vector<ViewParameters>& parameters, double sample_rate) {
  std::vector<Operation> plan;
  size_t places = 0;
  for (const ViewParameters& view : parameters) places = std::max(places, view.size());
  for (size_t place = 0; place < places; ++place) {
    std::map<const TransformType*, size_t> here;
    for (size_t row = 0; row < parameters.size(); ++row) {
      if (place >= parameters[row].size() || !parameters[row][place].applied) continue;
      const TransformType* type = FindTransform(parameters[row][place].name);
      if (!type->numbers) continue;
      const auto numbers = type->numbers(parameters[row][place], sample_rate);
      if (!numbers) continue;
      const auto [at, is_new] = here.try_emplace(type, plan.size());
      if (is_new) plan.push_back({type, {}, {}});
      Add(plan[at->second], static_cast<int64_t>(row), *numbers);
    }
  }
  return plan;
}

// All rows and numbers of the plan, one after the other, on the device.
at::Tensor Upload(const std::vector<Operation>& plan, c10::Device device) {
  std::vector<double> block;
  for (const Operation& operation : plan) {
    block.insert(block.end(), operation.rows.begin(), operation.rows.end());
    for (const auto& column : operation.columns) block.insert(block.end(), column.begin(), column.end());
  }
  const at::Tensor host = at::tensor(block, at::kDouble);
  return device.is_cpu() ? host : host.pin_memory().to(at::TensorOptions(device), /*non_blocking=*/true);
}

}  // namespace

at::Tensor ApplyToBatch(const at::Tensor& rows, const std::vector<ViewParameters>& parameters,
                        double sample_rate, const AbortFlag& abort) {
  const std::vector<Operation> plan = Plan(parameters, sample_rate);
  const at::Tensor block = Upload(plan, rows.device());
  at::Tensor views = rows.clone();
  int64_t next = 0;
  for (const Operation& operation : plan) {
    throw_if_aborted(abort);
    const auto count = static_cast<int64_t>(operation.rows.size());
    const auto take = [&] {
      next += count;
      return block.narrow(0, next - count, count);
    };
    const at::Tensor chosen = take().to(at::kLong);
    BatchNumbers numbers{sample_rate, operation.columns, {}};
    for (size_t i = 0; i < operation.columns.size(); ++i) numbers.there.push_back(take().unsqueeze(1));
    views.index_copy_(0, chosen, operation.type->batch(views.index_select(0, chosen), numbers));
  }
  return views;
}

}  // namespace clmr::augment
