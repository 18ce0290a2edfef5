#pragma once
// What is computed in: the words of the options, and which of the two is faster here.
#include <c10/core/Device.h>

#include "fields.h"
#include "model/sample_cnn.h"

namespace clmr {

enum class PrecisionChoice { float32, bfloat16, fastest };
inline constexpr Word<PrecisionChoice> kPrecisionWords[] = {{"float32", PrecisionChoice::float32},
                                                            {"bfloat16", PrecisionChoice::bfloat16},
                                                            {"auto", PrecisionChoice::fastest}};

enum class Workload { inference, training };

// What a choice comes to on a device. `fastest` is measured with a copy of the model, on clips of noise, once
// in a process for each device, kind of work and number of weights: some seconds for training on the CPU.
Precision ResolvePrecision(PrecisionChoice choice, const SampleCnn& model, c10::Device device, Workload work);

// The choice that names one of the two.
inline PrecisionChoice ChoiceOf(Precision precision) {
  return precision == Precision::bfloat16 ? PrecisionChoice::bfloat16 : PrecisionChoice::float32;
}
// `choice` names one.
inline Precision Settled(PrecisionChoice choice) {
  return choice == PrecisionChoice::bfloat16 ? Precision::bfloat16 : Precision::float32;
}

}  // namespace clmr
