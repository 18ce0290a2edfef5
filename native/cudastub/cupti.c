/* A stand-in for libcupti, without a CUDA device: every call answers 100, "no device". libtorch_cpu of the
   CUDA wheel names the library although the CPU needs nothing of it; the stub is opened only where the real
   one is missing, for a loaded stub would shadow it. */
int cuptiActivityDisable(void) { return 100; }
int cuptiActivityEnable(void) { return 100; }
int cuptiActivityEnableCudaEventDeviceTimestamps(void) { return 100; }
int cuptiActivityEnableDriverApi(void) { return 100; }
int cuptiActivityEnableRuntimeApi(void) { return 100; }
int cuptiActivityFlushAll(void) { return 100; }
int cuptiActivityGetNextRecord(void) { return 100; }
int cuptiActivityGetNumDroppedRecords(void) { return 100; }
int cuptiActivityPopExternalCorrelationId(void) { return 100; }
int cuptiActivityPushExternalCorrelationId(void) { return 100; }
int cuptiActivityRegisterCallbacks(void) { return 100; }
int cuptiActivityRegisterTimestampCallback(void) { return 100; }
int cuptiActivitySetAttribute(void) { return 100; }
int cuptiEnableCallback(void) { return 100; }
int cuptiEnableDomain(void) { return 100; }
int cuptiFinalize(void) { return 100; }
int cuptiGetCallbackName(void) { return 100; }
int cuptiGetResultString(void) { return 100; }
int cuptiGetVersion(void) { return 100; }
int cuptiSubscribe(void) { return 100; }
int cuptiUnsubscribe(void) { return 100; }
