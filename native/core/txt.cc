#include "core/txt.h"

#include <strings.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace tcpnet {

namespace {

/** The most bytes of a value that are kept; no valid value is longer. */
constexpr size_t kMaxValue = 12;

/** Whether a string of a TXT record is a key, or a key with a value. Keys are case-insensitive. */
bool IsOfKey(std::string_view string, std::string_view key) {
  const std::string_view rest = string.substr(std::min(key.size(), string.size()));
  return string.size() >= key.size() && strncasecmp(string.data(), key.data(), key.size()) == 0 &&
         (rest.empty() || rest.front() == '=');
}

}  // namespace

std::string TxtData(const std::vector<std::string>& strings) {
  std::string data;
  for (const std::string& text : strings) {
    const std::string cut = text.substr(0, 255);
    data += static_cast<char>(cut.size()) + cut;
  }
  return data.empty() ? std::string(1, '\0') : data;
}

void KeepTxt(std::vector<std::string>& kept, const void* text, size_t size) {
  const std::string_view string(static_cast<const char*>(text), size);
  for (const std::string_view key : {"v", "sec"}) {
    if (!IsOfKey(string, key)) continue;
    const auto is_known = [key](const std::string& known) { return IsOfKey(known, key); };
    if (std::any_of(kept.begin(), kept.end(), is_known)) return;
    kept.emplace_back(string.substr(0, key.size() + 1 + kMaxValue));
  }
}

std::vector<std::string> KeptTxt(const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  std::vector<std::string> kept;
  for (size_t at = 0; at < size;) {
    const size_t length = static_cast<uint8_t>(bytes[at]);
    if (at + 1 + length > size) break;
    KeepTxt(kept, bytes + at + 1, length);
    at += 1 + length;
  }
  return kept;
}

}  // namespace tcpnet
