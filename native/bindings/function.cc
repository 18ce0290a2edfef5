#include "bindings/function.h"

#include <map>
#include <mutex>

namespace clmr::bindings {
namespace {

std::mutex mutex;
std::map<std::string, Describe>& Described() {
  static auto* described = new std::map<std::string, Describe>;  // outlives the threads that may still run
  return *described;
}

}  // namespace

void Remember(const std::string& name, Describe describe) {
  std::lock_guard lock(mutex);
  Described()[name] = std::move(describe);
}

Signatures AllSignatures(Napi::Env env) {
  std::lock_guard lock(mutex);
  auto all = Napi::Object::New(env);
  for (const auto& [name, describe] : Described()) all.Set(name, describe(env));
  return {all};
}

}  // namespace clmr::bindings
