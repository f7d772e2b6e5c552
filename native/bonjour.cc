#include "backend.h"
namespace tcpnet {
std::unique_ptr<Backend> MakeBonjourBackend(Loop&) {
  return nullptr;
}
}  // namespace tcpnet
