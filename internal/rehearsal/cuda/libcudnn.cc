// cuDNN without a GPU (see libcudart.cc): libtorch asks for its version when it chooses a kernel for attention.
extern "C" __attribute__((visibility("default"))) unsigned long cudnnGetVersion() { return 91900; }
