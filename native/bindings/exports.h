#pragma once
// One function a stage: puts the stage's part of binding.ts on `exports`.
#include <napi.h>

namespace clmr::bindings {

void ExportRuntime(Napi::Object exports);
void ExportAudio(Napi::Object exports);
void ExportCache(Napi::Object exports);
void ExportAugment(Napi::Object exports);
void ExportModel(Napi::Object exports);
void ExportObjective(Napi::Object exports);
void ExportTrain(Napi::Object exports);
void ExportEvaluate(Napi::Object exports);

}  // namespace clmr::bindings
