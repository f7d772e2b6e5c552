// For libFuzzer (scripts/fuzz): what the addon parses itself of what comes from the network. The rest is the daemon's
// libraries' doing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "avahi/record_data.h"
#include "system/address.h"
#include "core/txt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  size_t total = 0;
  for (const std::string& text : tcpnet::KeptTxt(data, size)) {
    if (text.empty()) std::abort();
    total += text.size() + 1;
  }
  // At most `v` and `sec`, a sign of equality and twelve bytes each.
  if (total > size || total > 32) std::abort();
  const tcpnet::Address address = tcpnet::AddressOf(data, size);
  if ((address.family == 0) != address.text.empty()) std::abort();
  const std::string name(reinterpret_cast<const char*>(data), size);
  if (tcpnet::avahi::LabelData(name).size() > 64) std::abort();
  tcpnet::avahi::NameData(tcpnet::avahi::EscapeLabel(name));
  return 0;
}
